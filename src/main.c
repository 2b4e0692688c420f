/* main: the program's front door. */
int
main(void)
{
	return 0;
}
