/* chr: the table.  One row per 16 characters. */
#include "core/chr.h"

#define P_ CHR_PRINT
#define A_ (CHR_PRINT | CHR_ATEXT)
#define S_ (CHR_PRINT | CHR_SPACE)
#define N_ (CHR_PRINT | CHR_ATEXT | CHR_NAME)
#define D_ (N_ | CHR_DIGIT | CHR_HEX)
#define UH (N_ | CHR_UPPER | CHR_HEX)
#define U_ (N_ | CHR_UPPER)
#define LH (N_ | CHR_LOWER | CHR_HEX)
#define L_ (N_ | CHR_LOWER)

/* clang-format off */
const uint8_t chr_table[256] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, CHR_SPACE, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	S_, A_, P_, A_, A_, A_, A_, A_, P_, P_, A_, A_, P_, N_, P_, A_,
	D_, D_, D_, D_, D_, D_, D_, D_, D_, D_, P_, P_, P_, A_, P_, A_,
	P_, UH, UH, UH, UH, UH, UH, U_, U_, U_, U_, U_, U_, U_, U_, U_,
	U_, U_, U_, U_, U_, U_, U_, U_, U_, U_, U_, P_, P_, P_, A_, N_,
	A_, LH, LH, LH, LH, LH, LH, L_, L_, L_, L_, L_, L_, L_, L_, L_,
	L_, L_, L_, L_, L_, L_, L_, L_, L_, L_, L_, A_, A_, A_, A_, 0,
};
/* clang-format on */

int
chr_hex(uint8_t c)
{
	if (!chr_is(c, CHR_HEX))
		return -1;
	return chr_is(c, CHR_DIGIT) ? c - '0' : chr_lower(c) - 'a' + 10;
}
