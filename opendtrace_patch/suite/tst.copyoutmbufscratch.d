/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * ASSERTION:
 *	More than scratch memory holds is out of scratch space.
 *
 * SECTION: Actions and Subroutines/copyoutmbuf()
 */

#pragma D option version=1.14
#pragma D option quiet

#pragma D option bufsize=16k

BEGIN
{
	this->m = (struct mbuf *)alloca(256);
	this->m->m_next = NULL;
	this->m->m_data = (caddr_t)alloca(64);
	this->m->m_len = 8;

	trace((uintptr_t)copyoutmbuf(this->m, 64 * 1024));
	exit(1);
}

ERROR
{
	exit(arg4 == DTRACEFLT_NOSCRATCH ? 0 : 1);
}
