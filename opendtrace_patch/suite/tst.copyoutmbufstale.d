/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * ASSERTION:
 *	What was in scratch memory before never shows in what copyoutmbuf()
 *	returns: the second clause is given the scratch memory that the first
 *	one has filled.
 *
 * SECTION: Actions and Subroutines/copyoutmbuf()
 */

#pragma D option version=1.14
#pragma D option quiet

BEGIN
{
	this->filler = (char *)alloca(1024);
	bcopy(`dtrace_zero, this->filler, 256);
	bcopy("THIS IS STALE. THIS IS STALE. THIS IS STALE. THIS IS STALE. ",
	    this->filler, 60);
	bcopy(this->filler, this->filler + 60, 60);
	bcopy(this->filler, this->filler + 120, 120);
	bcopy(this->filler, this->filler + 240, 240);
	bcopy(this->filler, this->filler + 480, 480);
	this->was = (uintptr_t)this->filler;
}

BEGIN
{
	this->m = (struct mbuf *)alloca(256);
	this->m->m_next = NULL;
	this->m->m_data = NULL;
	this->m->m_len = 0;
	this->got = copyoutmbuf(this->m, 64);
	printf("%s", (uintptr_t)this->got > this->was &&
	    (uintptr_t)this->got < this->was + 900 ?
	    "where the filler was" : "elsewhere");
	tracemem(this->got, 64);
	exit(0);
}

ERROR
{
	exit(1);
}
