# SPDX-License-Identifier: BSD-2-Clause
"""
Journeys: the model of one packet's way, and what makes it of a capture or a script's output.

:mod:`~dtkit.trace.journey.model` is the middle: ``snapshot``, ``headers`` and ``diff`` are beneath
it; ``codec``, ``path`` and ``detect`` read journeys, ``outcome`` and ``traced`` tell how they
ended, ``owner`` whose they are, ``filter`` chooses among them. None of them knows how journeys are
shown.
"""
