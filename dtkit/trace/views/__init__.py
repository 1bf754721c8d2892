# SPDX-License-Identifier: BSD-2-Clause
"""
Journeys for people and for other programs: as text, as tables, as plain pcapng, as a graph, and as
the report, one HTML page.
"""
