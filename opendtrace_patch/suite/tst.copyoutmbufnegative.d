/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * ASSERTION:
 *	A negative m_len is an invalid address, that of m_len.
 *
 * SECTION: Actions and Subroutines/copyoutmbuf()
 */

#pragma D option version=1.14
#pragma D option quiet

BEGIN
{
	this->m = (struct mbuf *)alloca(256);
	this->m->m_next = NULL;
	this->m->m_data = (caddr_t)alloca(64);
	this->m->m_len = 8;
	this->m->m_len = -1;
	at = (uintptr_t)&this->m->m_len;

	trace((uintptr_t)copyoutmbuf(this->m, 8));
	exit(1);
}

ERROR
{
	exit(arg4 == DTRACEFLT_BADADDR && arg5 == at ? 0 : 1);
}
