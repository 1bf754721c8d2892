/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * ASSERTION:
 *	All of a chain that says that it is longer than scratch memory is out
 *	of scratch space; its data is not read.
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
	this->m->m_data = NULL;
	this->m->m_len = 0x7fffffff;

	trace((uintptr_t)copyoutmbuf(this->m, 0));
	exit(1);
}

ERROR
{
	exit(arg4 == DTRACEFLT_NOSCRATCH ? 0 : 1);
}
