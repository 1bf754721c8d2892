/*-
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * dtrace_mbuf.c as one kernel would include it.
 */

#include "harness.h"

#include "kernel.h"
#include "../dtrace_mbuf.h"

int dtrace_mbuf_maxchain = DTRACE_MBUF_MAXCHAIN;
_Thread_local struct machine *machine;

#include "../dtrace_mbuf.c"

uint64_t core_max_address(void);
uint64_t core_call(struct machine *, const struct request *);

uint64_t
core_max_address(void)
{
	return (SIZE_MAX);
}

uint64_t
core_call(struct machine *mp, const struct request *request)
{
	dtrace_mstate_t mstate;
	dtrace_vstate_t vstate;
	uint64_t result;

	machine = mp;
	dtrace_mbuf_maxchain = (int)mp->maxchain;
	mstate.dtms_scratch_base = mp->scratch.base;
	mstate.dtms_scratch_size = mp->scratch.size;
	mstate.dtms_scratch_ptr = mp->scratch_ptr;
	if (request->subroutine == 54)
		result = dtrace_mbuf_copyout(request->m, request->length,
		    request->offset, &mstate, &vstate);
	else
		result = dtrace_mbuf_length(request->m, &mstate, &vstate);
	mp->scratch_ptr = mstate.dtms_scratch_ptr;
	return (result);
}

#ifdef DTRACE_MBUF_UNMAPPED
#define	EPG(field)	DTRACE_MBUF_AT(field)
#define	EPG_N(field)	DTRACE_MBUF_ELEMENTS(field)
#else
#define	EPG(field)	0
#define	EPG_N(field)	0
#endif

const uint64_t harness_layout[17] = {
	sizeof (kernel_ptr_t), DTRACE_MBUF_HEADER,
	offsetof(struct mbuf, m_next), offsetof(struct mbuf, m_data),
	offsetof(struct mbuf, m_len), DTRACE_MBUF_TYPEFLAGS,
	EPG(m_epg_npgs), EPG(m_epg_hdrlen), EPG(m_epg_trllen),
	EPG(m_epg_1st_off), EPG(m_epg_last_len), EPG(m_epg_pa),
	EPG(m_epg_trail), EPG(m_epg_hdr), EPG_N(m_epg_pa), EPG_N(m_epg_trail),
	EPG_N(m_epg_hdr)
};
