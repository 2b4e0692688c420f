/*
 * sandbox: resource limits, and a seccomp filter built from two lists.
 */
#include "platform/sandbox.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/span.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define ARCH AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define ARCH AUDIT_ARCH_ARM
#elif defined(__mips__) && defined(__MIPSEL__)
#define ARCH AUDIT_ARCH_MIPSEL
#elif defined(__mips__)
#define ARCH AUDIT_ARCH_MIPS
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#else
#define ARCH 0
#endif

/* Mapping: by these numbers, with their arguments looked at. */
#if defined(SYS_mmap2)
#define NR_MMAP SYS_mmap2
#else
#define NR_MMAP SYS_mmap
#endif

/* ---- descriptors ---- */

static void
close_from(unsigned first)
{
#if defined(SYS_close_range)
	if (syscall(SYS_close_range, first, ~0u, 0) == 0)
		return;
#endif
	for (int fd = (int)first; fd < 4096; fd++)
		(void)close(fd);
}

void
sandbox_keep_only(int *fds, unsigned n)
{
	/* out of the way first, then to their places */
	for (unsigned i = 0; i < n; i++)
		fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 16);
	for (unsigned i = 0; i < n; i++)
		fds[i] = dup2(fds[i], (int)i);
	if (!SANITIZED) {
		close_from(n);
		return;
	}
	/* findings are written to standard error */
	for (unsigned fd = n; fd < 2; fd++)
		(void)close((int)fd);
	close_from(n < 3 ? 3 : n);
}

/* ---- limits ---- */

static void
limit(int what, rlim_t most)
{
	struct rlimit r = { most, most };

	(void)setrlimit(what, &r);
}

/* Pages of private writable memory now: the sixth number of statm. */
static size_t
data_octets(void)
{
	char mem[160];
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, mem, sizeof(mem));
	struct span rest = span_of(mem, n > 0 ? (size_t)n : 0), word;
	uint64_t pages = 0;

	for (unsigned i = 0; i < 6; i++)
		if (!span_next(&rest, ' ', &word)
		    || span_u64(word, SIZE_MAX / 4096, &pages))
			pages = 0;
	if (fd >= 0)
		(void)close(fd);
	return (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
}

void
sandbox_limit(size_t octets, unsigned descriptors)
{
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NPROC, 0);
	if (SANITIZED) /* which write their findings, perhaps to a file */
		return;
	limit(RLIMIT_FSIZE, 0);
	limit(RLIMIT_NOFILE, descriptors);
	limit(RLIMIT_DATA, data_octets() + octets);
}

/* ---- the filter ---- */

static const uint32_t allowed[] = {
	SYS_recvmsg,
#if defined(SYS_sendmsg)
	SYS_sendmsg,
#endif
	SYS_close,
	SYS_munmap,
	SYS_mremap,
	SYS_madvise,
	SYS_brk,
	SYS_futex,
	SYS_getrandom,
	SYS_exit,
	SYS_exit_group,
	SYS_rt_sigreturn,
	SYS_restart_syscall,
#if defined(SYS_clock_gettime)
	SYS_clock_gettime,
#endif
#if defined(SYS_clock_gettime64)
	SYS_clock_gettime64,
#endif
#if defined(SYS_gettimeofday)
	SYS_gettimeofday,
#endif
#if defined(SYS_time)
	SYS_time,
#endif
};

/* Libraries look for files and are told no. */
static const uint32_t denied[] = {
#if defined(SYS_open)
	SYS_open,
#endif
	SYS_openat,
#if defined(SYS_access)
	SYS_access,
#endif
	SYS_faccessat,
#if defined(SYS_stat)
	SYS_stat,
#endif
#if defined(SYS_newfstatat)
	SYS_newfstatat,
#endif
#if defined(SYS_readlink)
	SYS_readlink,
#endif
};

#define N_OF(a)	   (sizeof(a) / sizeof((a)[0]))
#define PROGRAM	   (16 + 2 * (N_OF(allowed) + N_OF(denied)))
#define LOAD(what) offsetof(struct seccomp_data, what)

/* The lower half of an argument, where it lies. */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define ARG(i) (LOAD(args[i]) + 4)
#else
#define ARG(i) LOAD(args[i])
#endif

struct program {
	struct sock_filter code[PROGRAM];
	unsigned short n;
};

static void
put(struct program *p, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
	p->code[p->n++] = (struct sock_filter) { code, yes, no, k };
}

static void
load(struct program *p, uint32_t at)
{
	put(p, BPF_LD | BPF_W | BPF_ABS, at, 0, 0);
}

static void
end_with(struct program *p, uint32_t action)
{
	put(p, BPF_RET | BPF_K, action, 0, 0);
}

static void
put_list(struct program *p, const uint32_t *list, size_t n, uint32_t action)
{
	for (size_t i = 0; i < n; i++) {
		put(p, BPF_JMP | BPF_JEQ | BPF_K, list[i], 0, 1);
		end_with(p, action);
	}
}

/* mmap, mprotect: nothing executable; mappings are never shared. */
static void
put_memory(struct program *p)
{
	put(p, BPF_JMP | BPF_JEQ | BPF_K, NR_MMAP, 0, 3);
	load(p, ARG(3));
	put(p, BPF_JMP | BPF_JSET | BPF_K, MAP_SHARED, 5, 0);
	put(p, BPF_JMP | BPF_JA, 1, 0, 0);
	put(p, BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 3);
	load(p, ARG(2));
	put(p, BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0);
	end_with(p, SECCOMP_RET_ALLOW);
	end_with(p, SECCOMP_RET_KILL_PROCESS);
}

int
sandbox_enter(void)
{
	struct program p = { .n = 0 };
	struct sock_fprog f = { .filter = p.code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || ARCH == 0 || SANITIZED)
		return ERR_UNSUPPORTED;
	load(&p, LOAD(arch));
	put(&p, BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	end_with(&p, SECCOMP_RET_KILL_PROCESS);
	load(&p, LOAD(nr));
	put_list(&p, allowed, N_OF(allowed), SECCOMP_RET_ALLOW);
	put_list(&p, denied, N_OF(denied), SECCOMP_RET_ERRNO | 1 /* EPERM */);
	put_memory(&p);
	f.len = p.n;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &f, 0, 0)
		   ? ERR_UNSUPPORTED
		   : ERR_OK;
}
