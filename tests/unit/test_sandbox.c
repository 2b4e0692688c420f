/* Tests of platform/sandbox: what a process can still do, each in a child. */
#include "platform/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/area.h"
#include "support/test.h"

#define MIB	   ((size_t)1 << 20)
#define UNFILTERED 99

static int null_fd, own_fd;

/* How a child ended that did this inside: its status, or minus a signal. */
static int
ends_with(int (*work)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		sandbox_limit(32 * MIB, 8);
		_exit(sandbox_enter() ? UNFILTERED : work());
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == UNFILTERED)
		skip();
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int
does_nothing(void)
{
	return 7;
}

static int
takes_a_little_memory(void)
{
	void *mem;

	if (area_open(&mem, 16 * MIB))
		return 1;
	memset(mem, 1, 16 * MIB);
	area_close(mem, 16 * MIB);
	return 7;
}

static int
takes_more_than_its_share(void)
{
	void *mem;

	return area_open(&mem, 40 * MIB) == ERR_FULL ? 7 : 1;
}

static int
opens_a_file(void)
{
	return open("/dev/null", O_RDONLY) < 0 ? 7 : 1;
}

static int
asks_for_a_file(void)
{
	return access("/dev/null", R_OK) < 0 ? 7 : 1;
}

static int
maps_a_file_to_read(void)
{
	struct span s;

	return area_map(own_fd, 64, &s) == ERR_OK && s.p[0] == 0x7f ? 7 : 1;
}

static int
writes(void)
{
	return (int)write(null_fd, "x", 1);
}

static int
reads(void)
{
	char byte;

	return (int)read(null_fd, &byte, 1);
}

static int
opens_a_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int
forks(void)
{
	return (int)fork();
}

static int
executes(void)
{
	return execl("/bin/true", "true", (char *)NULL);
}

static int
kills(void)
{
	return kill(getppid(), 0);
}

static int
maps_what_others_see(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0)
	       == MAP_FAILED;
}

static int
maps_to_execute(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
	       == MAP_FAILED;
}

static int
makes_executable(void)
{
	void *mem = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(mem, 4096, PROT_READ | PROT_EXEC);
}

static int
takes_its_limits_back(void)
{
	sandbox_limit(64 * MIB, 64);
	return 1;
}

static void
a_calculator_can_work(void **unused)
{
	(void)unused;
	assert_int_equal(ends_with(does_nothing), 7);
	assert_int_equal(ends_with(takes_a_little_memory), 7);
	assert_int_equal(ends_with(maps_a_file_to_read), 7);
}

static void
memory_has_its_limit(void **unused)
{
	(void)unused;
	assert_int_equal(ends_with(takes_more_than_its_share), 7);
}

static void
files_are_denied(void **unused)
{
	(void)unused;
	assert_int_equal(ends_with(opens_a_file), 7);
	assert_int_equal(ends_with(asks_for_a_file), 7);
}

static void
everything_else_is_its_end(void **unused)
{
	static int (*const acts[])(void) = { writes, reads, opens_a_socket,
		forks, executes, kills, maps_what_others_see, maps_to_execute,
		makes_executable, takes_its_limits_back };

	(void)unused;
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		assert_int_equal(ends_with(acts[i]), -SIGSYS);
}

/* In a child that may have `most` descriptors: do two named ones stay? */
static void
assert_two_stay_open(rlim_t most)
{
	const struct rlimit few = { most, most };
	int status, ends[2];
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		int keep[2] = { ends[1], ends[0] };
		bool good =
		    most == RLIM_INFINITY || !setrlimit(RLIMIT_NOFILE, &few);

		sandbox_keep_only(keep, 2);
		good = good && keep[0] == 0 && keep[1] == 1
		       && write(0, "x", 1) == 1;
		for (int fd = 3; fd < 1024; fd++)
			good = good && fcntl(fd, F_GETFD) < 0;
		_exit(good ? 7 : 1);
	}
	assert_true(waitpid(pid, &status, 0) == pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void
only_the_descriptors_that_were_named_stay_open(void **unused)
{
	(void)unused;
	assert_two_stay_open(RLIM_INFINITY);
}

static void
they_stay_open_where_descriptors_are_few(void **unused)
{
	(void)unused;
	assert_two_stay_open(16);
	assert_two_stay_open(12);
}

/* Under the shield of main: what is left, and what is not. */
static int
serves_on(void)
{
	void *mem;
	int fd = open("/proc/self/exe", O_RDONLY), s[2];

	if (fd < 0 || close(fd) || socketpair(AF_UNIX, SOCK_STREAM, 0, s))
		return 1;
	mem = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED || !mprotect(mem, 4096, PROT_READ | PROT_EXEC))
		return 2;
	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, own_fd, 0)
	    != MAP_FAILED)
		return 3;
	if (fork() >= 0 || errno != EPERM)
		return 4;
	if (execl("/bin/true", "true", (char *)NULL) != -1 || errno != EPERM)
		return 5;
	return syscall(SYS_ptrace, 0, 0, 0, 0) != -1 || errno != EPERM ? 6 : 7;
}

static void
main_goes_on_without_programs_children_and_code(void **state)
{
	int status = 0;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(sandbox_shield() ? UNFILTERED : serves_on());
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == UNFILTERED)
		skip();
	assert_int_equal(WEXITSTATUS(status), 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_calculator_can_work),
		cmocka_unit_test(memory_has_its_limit),
		cmocka_unit_test(files_are_denied),
		cmocka_unit_test(everything_else_is_its_end),
		cmocka_unit_test(
		    main_goes_on_without_programs_children_and_code),
		cmocka_unit_test(
		    only_the_descriptors_that_were_named_stay_open),
		cmocka_unit_test(they_stay_open_where_descriptors_are_few),
	};

	null_fd = open("/dev/null", O_RDWR);
	own_fd = open("/proc/self/exe", O_RDONLY);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
