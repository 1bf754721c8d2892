/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A signal at the worst moment: behind Python's last look for one, and before the system call that
 * waits.  To be preloaded (LD_PRELOAD); children of who was started with it go without.
 *
 * LATE_SIGNAL	its number.
 * LATE_AFTER	text.  Once the main thread has read or written it, the next call that would wait is
 *		the one before which the signal comes.  Empty: the first one.
 *
 * A call that would then wait on, without an end of its own, has not heard it: the process ends with
 * LOST.
 */

#ifndef _GNU_SOURCE
#define	_GNU_SOURCE
#endif

#include <sys/select.h>
#include <sys/stat.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define	LOST	99
#define	REAL(name)	((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static pthread_t program;
static const char *after;	/* NULL once the signal has come */
static size_t matched;
static int number;

__attribute__((constructor)) static void
begin(void)
{

	program = pthread_self();
	after = getenv("LATE_AFTER");
	if (getenv("LATE_SIGNAL") != NULL)
		number = atoi(getenv("LATE_SIGNAL"));
	after = number == 0 ? NULL : after == NULL ? "" : strdup(after);
	unsetenv("LD_PRELOAD");
	unsetenv("LATE_SIGNAL");
	unsetenv("LATE_AFTER");
}

/* Whether the call that is made is the one. */
static int
due(void)
{

	return (after != NULL && after[matched] == '\0' &&
	    pthread_equal(program, pthread_self()));
}

/* What was read or written. */
static void
pass(const char *data, ssize_t length)
{
	ssize_t at;

	if (after == NULL || !pthread_equal(program, pthread_self()))
		return;
	for (at = 0; at < length && after[matched] != '\0'; at++) {
		if (data[at] != after[matched])
			matched = 0;
		if (data[at] == after[matched])
			matched++;
	}
}

static void
come(void)
{

	after = NULL;
	raise(number);
}

static void
lost(const char *call)
{

	dprintf(STDERR_FILENO, "%s waits, and the signal is not heard\n", call);
	_exit(LOST);
}

static int
would_wait(int fd)
{
	struct pollfd one = { .fd = fd, .events = POLLIN };

	return (REAL(poll)(&one, 1, 0) == 0);
}

ssize_t
read(int fd, void *data, size_t size)
{
	ssize_t length;

	if (due() && would_wait(fd)) {
		come();
		if (would_wait(fd))
			lost("read(2)");
	}
	length = REAL(read)(fd, data, size);
	pass(data, length);
	return (length);
}

ssize_t
write(int fd, const void *data, size_t size)
{
	ssize_t length;

	length = REAL(write)(fd, data, size);
	pass(data, length);
	return (length);
}

int
poll(struct pollfd *fds, nfds_t count, int timeout)
{

	if (due() && timeout != 0 && REAL(poll)(fds, count, 0) == 0) {
		come();
		if (timeout < 0 && REAL(poll)(fds, count, 0) == 0)
			lost("poll(2)");
	}
	return (REAL(poll)(fds, count, timeout));
}

static int
would_select(int count, fd_set *in, fd_set *out, fd_set *odd)
{
	fd_set all[3];
	struct timeval now = { 0, 0 };

	FD_ZERO(&all[0]);
	FD_ZERO(&all[1]);
	FD_ZERO(&all[2]);
	if (in != NULL)
		all[0] = *in;
	if (out != NULL)
		all[1] = *out;
	if (odd != NULL)
		all[2] = *odd;
	return (REAL(select)(count, &all[0], &all[1], &all[2], &now) == 0);
}

int
select(int count, fd_set *in, fd_set *out, fd_set *odd, struct timeval *timeout)
{

	if (due() && (timeout == NULL || timeout->tv_sec || timeout->tv_usec) &&
	    would_select(count, in, out, odd)) {
		come();
		if (timeout == NULL && would_select(count, in, out, odd))
			lost("select(2)");
	}
	return (REAL(select)(count, in, out, odd, timeout));
}

/* It has an end, so that it loses nothing. */
int
clock_nanosleep(clockid_t clock, int flags, const struct timespec *length, struct timespec *rest)
{

	if (due())
		come();
	return (REAL(clock_nanosleep)(clock, flags, length, rest));
}

/* Of a named pipe whose other end nobody has open, as far as a test is concerned. */
static void
opening(const char *path, int flags)
{
	struct stat status;

	if (due() && !(flags & O_NONBLOCK) && stat(path, &status) == 0 && S_ISFIFO(status.st_mode)) {
		come();
		lost("open(2)");
	}
}

#define	OPEN(name)							\
int									\
name(const char *path, int flags, ...)					\
{									\
	va_list rest;							\
	int mode;							\
									\
	va_start(rest, flags);						\
	mode = va_arg(rest, int);					\
	va_end(rest);							\
	opening(path, flags);						\
	return (REAL(name)(path, flags, mode));				\
}

OPEN(open)
#ifdef __GLIBC__
OPEN(open64)
#endif
