/* builtin: in hexadecimal, so that no scanner takes this file for a find. */
#include "scan/builtin.h"

static const struct {
	enum sigcomp_form form;
	const char *text;
} lines[] = {
	/* by its rules only the beginning of a file, so not any mention of it
	 */
	{ SIGCOMP_NDB,
	    "Eicar-Test-Signature:0:0:"
	    "58354f2150254041505b345c505a58353428505e2937434329377d24"
	    "45494341522d5354414e444152442d414e544956495255532d544553"
	    "542d46494c452124482b482a" },
	{ SIGCOMP_HASH,
	    "aa15bcf478d165efd2065190eb473bcb:544:ClamAV-Test-File" },
};

int
builtin_open(struct sigdb *db, struct sigcomp *comp, void *mem)
{
	struct span file;
	const char *why;
	int err = ERR_OK;

	sigcomp_init(comp, mem, BUILTIN_OCTETS);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]) && !err; i++)
		err = sigcomp_line(
		    comp, lines[i].form, span_str(lines[i].text), &why);
	if (!err)
		err = sigcomp_finish(comp, &file);
	return err ? err : sigdb_open(db, file);
}
