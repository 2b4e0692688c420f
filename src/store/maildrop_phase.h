/*
 * maildrop_phase: the phases of a maildrop's life; for maildrop*.c only.
 */
#ifndef STORE_MAILDROP_PHASE_H
#define STORE_MAILDROP_PHASE_H

enum maildrop_phase {
	MAILDROP_START,
	MAILDROP_WALK,
	MAILDROP_MEASURE,
	MAILDROP_READY,
	MAILDROP_COMMIT,
};

#endif
