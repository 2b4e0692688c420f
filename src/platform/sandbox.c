/*
 * sandbox: resource limits, and a seccomp filter built from lists.
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
#define X32  0x40000000 /* marks calls of its second kind of program */
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

#if !defined(X32)
#define X32 0
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
		fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, (int)n);
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

#define DATA_UNKNOWN (32u << 20) /* without /proc */

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
	if (pages == 0)
		return DATA_UNKNOWN;
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

/* What a mail server never does and an intruder would begin with. */
static const uint32_t forbidden[] = {
#if defined(SYS_execve)
	SYS_execve,
#endif
#if defined(SYS_execveat)
	SYS_execveat,
#endif
#if defined(SYS_fork)
	SYS_fork,
#endif
#if defined(SYS_vfork)
	SYS_vfork,
#endif
#if defined(SYS_clone)
	SYS_clone,
#endif
#if defined(SYS_clone3)
	SYS_clone3,
#endif
#if defined(SYS_ptrace)
	SYS_ptrace,
#endif
#if defined(SYS_process_vm_readv)
	SYS_process_vm_readv,
#endif
#if defined(SYS_process_vm_writev)
	SYS_process_vm_writev,
#endif
#if defined(SYS_mount)
	SYS_mount,
#endif
#if defined(SYS_umount2)
	SYS_umount2,
#endif
#if defined(SYS_pivot_root)
	SYS_pivot_root,
#endif
#if defined(SYS_chroot)
	SYS_chroot,
#endif
#if defined(SYS_setns)
	SYS_setns,
#endif
#if defined(SYS_unshare)
	SYS_unshare,
#endif
#if defined(SYS_init_module)
	SYS_init_module,
#endif
#if defined(SYS_finit_module)
	SYS_finit_module,
#endif
#if defined(SYS_delete_module)
	SYS_delete_module,
#endif
#if defined(SYS_kexec_load)
	SYS_kexec_load,
#endif
#if defined(SYS_kexec_file_load)
	SYS_kexec_file_load,
#endif
#if defined(SYS_bpf)
	SYS_bpf,
#endif
#if defined(SYS_perf_event_open)
	SYS_perf_event_open,
#endif
#if defined(SYS_userfaultfd)
	SYS_userfaultfd,
#endif
#if defined(SYS_io_uring_setup)
	SYS_io_uring_setup,
#endif
#if defined(SYS_keyctl)
	SYS_keyctl,
#endif
#if defined(SYS_add_key)
	SYS_add_key,
#endif
#if defined(SYS_request_key)
	SYS_request_key,
#endif
#if defined(SYS_personality)
	SYS_personality,
#endif
#if defined(SYS_mknod)
	SYS_mknod,
#endif
#if defined(SYS_mknodat)
	SYS_mknodat,
#endif
#if defined(SYS_open_by_handle_at)
	SYS_open_by_handle_at,
#endif
#if defined(SYS_reboot)
	SYS_reboot,
#endif
#if defined(SYS_swapon)
	SYS_swapon,
#endif
#if defined(SYS_swapoff)
	SYS_swapoff,
#endif
#if defined(SYS_sethostname)
	SYS_sethostname,
#endif
#if defined(SYS_setdomainname)
	SYS_setdomainname,
#endif
#if defined(SYS_settimeofday)
	SYS_settimeofday,
#endif
#if defined(SYS_clock_settime)
	SYS_clock_settime,
#endif
#if defined(SYS_adjtimex)
	SYS_adjtimex,
#endif
#if defined(SYS_clock_adjtime)
	SYS_clock_adjtime,
#endif
#if defined(SYS_acct)
	SYS_acct,
#endif
#if defined(SYS_quotactl)
	SYS_quotactl,
#endif
#if defined(SYS_syslog)
	SYS_syslog,
#endif
#if defined(SYS_iopl)
	SYS_iopl,
#endif
#if defined(SYS_ioperm)
	SYS_ioperm,
#endif
};

#define N_OF(a)	   (sizeof(a) / sizeof((a)[0]))
#define PROGRAM	   (24 + N_OF(allowed) + N_OF(denied) + N_OF(forbidden))
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

/* All of the list jump to one end; what is none of it goes on behind that. */
static void
put_list(struct program *p, const uint32_t *list, size_t n, uint32_t action)
{
	for (size_t i = 0; i < n; i++)
		put(p, BPF_JMP | BPF_JEQ | BPF_K, list[i], (uint8_t)(n - i), 0);
	put(p, BPF_JMP | BPF_JA, 1, 0, 0);
	end_with(p, action);
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

/* Nothing becomes executable any more; all that is left is allowed. */
static void
put_no_code(struct program *p)
{
	put(p, BPF_JMP | BPF_JEQ | BPF_K, NR_MMAP, 1, 0);
	put(p, BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 3);
	load(p, ARG(2));
	put(p, BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1);
	end_with(p, SECCOMP_RET_ERRNO | 1 /* EPERM */);
	end_with(p, SECCOMP_RET_ALLOW);
}

/* Calls of another kind of processor are none of ours. */
static void
begin_with(struct program *p)
{
	load(p, LOAD(arch));
	put(p, BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	end_with(p, SECCOMP_RET_KILL_PROCESS);
	load(p, LOAD(nr));
	if (X32 == 0)
		return;
	put(p, BPF_JMP | BPF_JGE | BPF_K, X32, 0, 1);
	end_with(p, SECCOMP_RET_KILL_PROCESS);
}

int
sandbox_shield(void)
{
	struct program p = { .n = 0 };
	struct sock_fprog f = { .filter = p.code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || ARCH == 0 || SANITIZED)
		return ERR_UNSUPPORTED;
	begin_with(&p);
	put_list(
	    &p, forbidden, N_OF(forbidden), SECCOMP_RET_ERRNO | 1 /* EPERM */);
	put_no_code(&p);
	f.len = p.n;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &f, 0, 0)
		   ? ERR_UNSUPPORTED
		   : ERR_OK;
}

int
sandbox_enter(void)
{
	struct program p = { .n = 0 };
	struct sock_fprog f = { .filter = p.code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || ARCH == 0 || SANITIZED)
		return ERR_UNSUPPORTED;
	begin_with(&p);
	put_list(&p, allowed, N_OF(allowed), SECCOMP_RET_ALLOW);
	put_list(&p, denied, N_OF(denied), SECCOMP_RET_ERRNO | 1 /* EPERM */);
	put_memory(&p);
	f.len = p.n;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &f, 0, 0)
		   ? ERR_UNSUPPORTED
		   : ERR_OK;
}
