/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * Fuzz target: bytes choose calls on a few packets, settings and failures.
 * With -DSTANDALONE a main() that runs so many pseudo-random inputs from a
 * seed, for compilers without libFuzzer.  Whatever happened, nothing may be
 * left allocated at the end, and each frame must read back exactly.
 */

#include "harness.h"
#include "mbuf_trace.h"

#undef malloc
#undef free

struct mbuf *shim_mbuf(bool, const char *, int);
struct mbuf *shim_copy(const struct mbuf *);
struct mbuf *shim_pullup(struct mbuf *);
void	shim_append(struct mbuf *, struct mbuf *);
void	shim_set_length(struct mbuf *, int);
void	shim_demote(struct mbuf *);
void	shim_loopback(struct mbuf *);
void	shim_tag(struct mbuf *, uint32_t, int, const char *, int);
void	shim_macros(struct mbuf *);
void	shim_interface(struct mbuf *, const char *);
int	shim_process(struct mbuf *, int, int, int, int *);
int	shim_sysctl(const char *, const char *, char *, size_t);
void	shim_listen(int);
long	shim_frame(uint8_t *, size_t);
const char *shim_ddb(const struct mbuf *);
int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define	PACKETS	4

static void
check_frames(void)
{
	uint8_t *bytes;
	long at, size;
	u_int count;

	while ((size = shim_frame(NULL, 0)) >= 0) {
		bytes = malloc(size);
		shim_frame(bytes, size);
		if (size < 2)
			abort();
		count = bytes[0] << 8 | bytes[1];
		if (count == 0)
			abort();
		for (at = 2; count > 0; count--) {
			if (at + 4 > size || bytes[at + 2] != 0 ||
			    bytes[at + 3] > 1)
				abort();
			at += 4 + (bytes[at] << 8 | bytes[at + 1]);
		}
		if (at != size)
			abort();
		free(bytes);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const numbers[] = { "0", "1", "2", "7", "300",
	    "65535", "4294967295", "70000" };
	static const char *const settings[] = { "enable", "source_position",
	    "start_anywhere", "max_records", "max_bytes", "snaplen" };
	static const char *const lists[] = { "", "em0", "em*,lo0", "1,22 7",
	    ",, ,", "x y z 1 2 3 4 5 6 7 8 9 10 11 12 13 14", "-1", "[" };
	static char text[70000];
	struct mbuf *m[PACKETS], *copy, **p;
	char old[256];
	size_t i, length;
	u_int a, b;
	int locks;

	memset(text, 'x', sizeof(text));
	shim_sysctl("enable", "1", old, sizeof(old));
	for (i = 0; i < PACKETS; i++)
		m[i] = shim_mbuf(i != 1, text, (int)i * 900);
	for (i = 0; i + 3 <= size; i += 3) {
		p = &m[(data[i] >> 5) % PACKETS];
		a = data[i + 1];
		b = data[i + 2];
		length = (a << 8 | b) + (a > 250 ? 4000 : 0);
		switch (data[i] & 31) {
		case 0: case 1: mtrace_start(*p); break;
		case 2: mtrace_data(*p); break;
		case 3: mtrace_static_length(*p, text, length); break;
		case 4: mtrace_printf(*p, "%.*s", (int)length, text); break;
		case 5: mtrace_printf(*p, "%s", ""); break;
		case 6: shim_macros(*p); break;
		case 7: mtrace_static(*p, NULL); break;
		case 8: mtrace_func(NULL); break;
		case 9:
			copy = shim_copy(*p);
			m_freem(*p);
			*p = copy != NULL ? copy : shim_mbuf(true, NULL, 0);
			break;
		case 10: *p = shim_pullup(*p); break;
		case 11: shim_demote(*p); break;
		case 12: shim_loopback(*p); break;
		case 13: shim_append(*p, shim_mbuf(b & 1, text, a)); break;
		case 14:
			m_freem(*p);
			*p = shim_mbuf(b & 1, text, a * 270);
			break;
		case 15: case 16:
			shim_sysctl(settings[a % 6], numbers[b % 8], old,
			    sizeof(old));
			break;
		case 17:
			shim_sysctl(a & 1 ? "interfaces" : "pids",
			    lists[b % 8], old, sizeof(old));
			break;
		case 18: shim_listen(a & 1); break;
		case 19: shim_fail_at = a % 16; break;
		case 20:
			if ((*p)->m_flags & M_PKTHDR)
				shim_tag(*p, b & 1 ? MTRACE_COOKIE : 0,
				    0x800 + a % 8, text, b % 8);
			break;
		case 21: shim_interface(*p, b & 1 ? "em0" : "lo0"); break;
		case 22:
			shim_process(*p, a, b & 1 ? SO_MTRACE : 0, b % 4,
			    &locks);
			break;
		case 23: shim_ddb(*p); break;
		case 24:
			shim_set_length(*p, b & 1 ? -1 : 0);
			break;
		default: mtrace_enter(*p); break;
		}
		check_frames();
	}
	for (i = 0; i < PACKETS; i++)
		m_freem(m[i]);
	check_frames();
	shim_fail_at = 0;
	if (shim_live != 0)
		abort();
	return (0);
}

#ifdef STANDALONE
int
main(int argc, char **argv)
{
	static uint8_t data[600];
	uint64_t x;
	long i, runs;
	size_t j;

	runs = argc > 1 ? atol(argv[1]) : 1000;
	x = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	for (i = 0; i < runs; i++) {
		for (j = 0; j < sizeof(data); j++) {
			x = x * 6364136223846793005ULL + 1442695040888963407ULL;
			data[j] = x >> 56;
		}
		LLVMFuzzerTestOneInput(data, (x >> 33) % (sizeof(data) + 1));
	}
#ifdef LEAK
	/* To see that a leak is found. */
	(void)shim_mbuf(true, NULL, 0);
#endif
	printf("%ld inputs\n", runs);
	return (0);
}
#endif
