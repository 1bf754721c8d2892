# SPDX-License-Identifier: BSD-2-Clause
"""Any bytes through reader, packets, capture, JSON and text: for tests that nothing raises."""

from __future__ import annotations

import io
import json

from dtkit.output import Dump, Firing, packets, read_output, read_runs, to_dict
from dtkit.output.count import Count
from dtkit.packets.packet import Packet
from dtkit.packets.packetfile import PacketFile
from dtkit.packets.provenance import Provenance
from dtkit.probes import catalog


def take_all_the_way(data: bytes) -> None:
    """Read *data*, make packets, write them, and print everything in every form."""
    capture = PacketFile(io.BytesIO(), Provenance("test"), catalog())
    count = Count()
    for item in packets(read_output(io.BytesIO(data)), catalog()):
        count.add(item)
        if isinstance(item, Packet):
            capture.write(item)
            json.dumps(item.to_dict())
        elif isinstance(item, Firing):
            for part in item.parts:
                if not isinstance(part, Dump):
                    json.dumps(to_dict(part, item.source))
        else:
            json.dumps(to_dict(item))
        str(item)
    capture.close()
    str(count)
    in_runs = Count()
    for each in packets(read_runs(io.BytesIO(data)), catalog()):
        in_runs.add(each)
    assert in_runs == count
