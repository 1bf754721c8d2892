/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * ASSERTION:
 *	Data where no memory is is an invalid address, that of the first byte
 *	that is wanted of it.
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
	this->m->m_data = (caddr_t)0xfffff00000000000;

	trace((uintptr_t)copyoutmbuf(this->m, 4, 2));
	exit(1);
}

ERROR
{
	exit(arg4 == DTRACEFLT_BADADDR && arg5 == 0xfffff00000000002 ? 0 : 1);
}
