-- SPDX-License-Identifier: BSD-2-Clause
-- mbuf_trace: a packet's way through a FreeBSD kernel, in frames of link type USER0 (147).
--
-- Put this file into Wireshark's personal plugin folder (Help, About, Folders), or give it to
-- tshark with -X lua_script:FILE. It reads all three generations of the format, each frame by
-- itself; the preference "Generation" forces one. Filter by mbuf_trace.file, .line, .label, .dir,
-- .arguments, .count, .generation and what the packet's own dissectors offer.
--
-- A frame is read step by step as dtkit's decoder in Python does it (dtkit/trace/journey/codec.py).

local proto = Proto("mbuf_trace", "mbuf_trace")

proto.prefs.generation = Pref.enum("Generation", 0, "Read every frame as of this generation", {
    { "detect", "Ask each frame", 0 },
    { "1", "Generation 1", 1 },
    { "2", "Generation 2", 2 },
    { "3", "Generation 3", 3 },
}, false)

local field = {
    generation = ProtoField.uint8("mbuf_trace.generation", "Generation"),
    little_endian = ProtoField.bool("mbuf_trace.little_endian", "Little-endian"),
    count = ProtoField.uint16("mbuf_trace.count", "Count of records"),
    length = ProtoField.uint16("mbuf_trace.length", "Length"),
    type = ProtoField.uint16("mbuf_trace.type", "Type"),
    string = ProtoField.bytes("mbuf_trace.string", "String"),
    file = ProtoField.string("mbuf_trace.file", "File"),
    line = ProtoField.uint32("mbuf_trace.line", "Line"),
    dir = ProtoField.string("mbuf_trace.dir", "Direction"),
    label = ProtoField.string("mbuf_trace.label", "Label"),
    arguments = ProtoField.string("mbuf_trace.arguments", "Arguments"),
    packet = ProtoField.bytes("mbuf_trace.packet", "Packet"),
    unknown = ProtoField.bytes("mbuf_trace.unknown", "Unknown"),
    trailing = ProtoField.bytes("mbuf_trace.trailing_data", "Trailing data"),
}
local fields = {}
for _, one in pairs(field) do
    fields[#fields + 1] = one
end
proto.fields = fields

local note = {
    short = ProtoExpert.new("mbuf_trace.short", "Too short for a count of records",
        expert.group.MALFORMED, expert.severity.ERROR),
    truncated = ProtoExpert.new("mbuf_trace.truncated", "Records are missing",
        expert.group.MALFORMED, expert.severity.ERROR),
    cut = ProtoExpert.new("mbuf_trace.cut", "Cut by the snapshot length of the capture",
        expert.group.MALFORMED, expert.severity.WARN),
    trailing = ProtoExpert.new("mbuf_trace.trailing", "Bytes behind the last record",
        expert.group.MALFORMED, expert.severity.WARN),
    type = ProtoExpert.new("mbuf_trace.type.odd", "A type that this generation does not have",
        expert.group.PROTOCOL, expert.severity.WARN),
    packet = ProtoExpert.new("mbuf_trace.packet.malformed", "The packet is malformed",
        expert.group.MALFORMED, expert.severity.WARN),
}
local notes = {}
for _, one in pairs(note) do
    notes[#notes + 1] = one
end
proto.experts = notes

-- Reading. Positions count from 0, as in Wireshark; a byte of a Lua string is one further.

local function u16(data, at, little)
    local first, second = data:byte(at + 1, at + 2)
    if little then
        return second * 256 + first
    end
    return first * 256 + second
end

-- A payload that is printable up to a final NUL: it has one of the two.
local function is_text(payload)
    return payload:find("^[ -~]*%z$") ~= nil or payload:find("^[ -~]+$") ~= nil
end

-- What the types mean. Each generation takes the other's where they do not clash.
local KINDS = {
    [2] = { [0] = "packet", [1] = "packet", [2] = "string", [3] = "string" },
    [3] = { [0] = "packet", [1] = "string", [2] = "string", [3] = "string" },
}

-- Of generations 2 and 3: a type above 1 is of 2, a type 0 of 3; with types 1 alone it is 3 if a
-- payload is text or all are empty.
local function tell_generation(data, records)
    local above, other = false, false
    for _, record in ipairs(records) do
        if record.type == 2 or record.type == 3 then
            above = true
        elseif record.type ~= 1 then
            other = true
        end
    end
    if above then
        return 2
    end
    if other or #records == 0 then
        return 3
    end
    local some = false
    for _, record in ipairs(records) do
        local payload = data:sub(record.at + 1, record.at + record.length)
        if is_text(payload) then
            return 3
        end
        some = some or #payload > 0
    end
    return some and 2 or 3
end

local function read(data, little, typed, generation)
    local size, at, missing = #data, 2, 0
    local records = {}
    local count = u16(data, 0, little)
    local head = typed and 4 or 2
    for _ = 1, count do
        if at + head > size then
            missing = at + head - size
            break
        end
        local length = u16(data, at, little)
        local type = typed and u16(data, at + 2, little) or nil
        at = at + head
        if at + length > size then
            missing = at + length - size
            break
        end
        records[#records + 1] = { head = at - head, type = type, at = at, length = length }
        at = at + length
    end
    local reading = {
        little = little, count = count, records = records, missing = missing, trailing = 0, rest = at,
    }
    if typed then
        reading.generation = generation or tell_generation(data, records)
        for _, record in ipairs(records) do
            record.kind = KINDS[reading.generation][record.type] or "unknown"
        end
        reading.trailing = missing > 0 and 0 or size - at
    else
        reading.generation = 1
        for _, record in ipairs(records) do
            record.kind = "string"
        end
        if missing == 0 and at < size then
            records[#records + 1] = { kind = "packet", at = at, length = size - at }
        end
    end
    return reading
end

-- How well a reading explains its frame: two numbers, the first decides.
local function merit(reading)
    local known = 0
    for _, record in ipairs(reading.records) do
        if record.kind ~= "unknown" then
            known = known + 1
        end
    end
    local whole = reading.missing == 0 and reading.trailing == 0
    if reading.generation == 1 then
        return whole and 1 or 0, known
    end
    return (whole and known == #reading.records) and 2 or 0, known
end

local function read_frame(data, generation)
    local best, best_fits, best_known
    for _, little in ipairs({ false, true }) do
        for _, typed in ipairs({ true, false }) do
            if generation == nil or (generation ~= 1) == typed then
                local reading = read(data, little, typed, typed and generation or nil)
                local fits, known = merit(reading)
                if best == nil or fits > best_fits or (fits == best_fits and known > best_known) then
                    best, best_fits, best_known = reading, fits, known
                end
            end
        end
    end
    return best
end

-- An IPv4 packet has a length that fits and a header whose checksum is right, or is as long as it
-- says and leaves its checksum, 0, to the interface; an IPv6 packet is as long as it says. ARP
-- for Ethernet and IPv4 has a beginning of its own. Anything else is taken for Ethernet.
local function packet_dissector(data)
    local size = #data
    if size >= 20 then
        local first = data:byte(1)
        local version = math.floor(first / 16)
        if version == 4 then
            local header, total = first % 16 * 4, u16(data, 2, false)
            if 20 <= header and header <= total and total <= size then
                local sum = 0
                for at = 0, header - 2, 2 do
                    sum = sum + u16(data, at, false)
                end
                if sum % 65535 == 0 or (total == size and u16(data, 10, false) == 0) then
                    return Dissector.get("ip")
                end
            end
        elseif version == 6 and size >= 40 and u16(data, 4, false) + 40 == size then
            return Dissector.get("ipv6")
        end
    end
    if data:sub(1, 6) == "\0\1\8\0\6\4" then
        return Dissector.get("arp")
    end
    return Dissector.get("eth_withoutfcs")
end

-- Text for the tree and the columns: what does not print is escaped.
local function visible(text)
    return (text:gsub("[^ -~]", function(char)
        return string.format("\\x%02x", char:byte())
    end))
end

-- FILE:LINE: [+-]LABEL(ARGUMENTS), of which the position and the arguments may be missing.
local function add_string(tree, tvb, data, record)
    local text = data:sub(record.at + 1, record.at + record.length):gsub("%z$", "")
    tree:add(field.string, tvb(record.at, record.length))
    local head = text
    local open = text:find("(", 1, true)
    local arguments
    if open and open > 1 and text:sub(open - 1, open - 1) ~= " " and text:sub(-1) == ")" then
        head, arguments = text:sub(1, open - 1), { open, #text - open - 1 }
    end
    local at = 0
    local file, line, rest = head:match("^([^%s:]+):(%d+)(.*)$")
    if file and #line <= 9 and (rest == "" or rest:sub(1, 1) == ":") then
        tree:add(field.file, tvb(record.at, #file))
        tree:add(field.line, tvb(record.at + #file + 1, #line), tonumber(line))
        at = #head - #(rest:gsub("^: ?", ""))
    end
    local direction = head:sub(at + 1, at + 1)
    if direction == "+" or direction == "-" then
        tree:add(field.dir, tvb(record.at + at, 1))
        at = at + 1
    end
    if at < #head then
        tree:add(field.label, tvb(record.at + at, #head - at))
    end
    if arguments and arguments[2] > 0 then
        tree:add(field.arguments, tvb(record.at + arguments[1], arguments[2]))
    end
    return visible(text)
end

local function add_packet(tree, tvb, pinfo, data, record)
    local range = tvb(record.at, record.length)
    tree:add(field.packet, range)
    local dissector = packet_dissector(data:sub(record.at + 1, record.at + record.length))
    -- A packet that breaks its dissector must not hide the records behind it.
    local fine, why = pcall(function()
        dissector:call(range:tvb(), pinfo, tree)
    end)
    if not fine then
        tree:add_proto_expert_info(note.packet, "The packet is malformed: " .. tostring(why))
    end
end

local function add_record(tree, tvb, pinfo, data, index, record, reading)
    local start = record.head or record.at
    local subtree = tree:add(proto, tvb(start, record.at + record.length - start))
    local add = reading.little and subtree.add_le or subtree.add
    if record.head then
        add(subtree, field.length, tvb(record.head, 2))
    end
    if record.type then
        add(subtree, field.type, tvb(record.head + 2, 2))
        local generation = reading.generation
        if record.kind == "unknown" or (generation == 2 and record.type == 0)
            or (generation == 3 and record.type > 1) then
            subtree:add_proto_expert_info(note.type)
        end
    end
    local text
    if record.kind == "string" then
        text = add_string(subtree, tvb, data, record)
    elseif record.length == 0 then
        text = record.kind .. ", empty"
    elseif record.kind == "packet" then
        add_packet(subtree, tvb, pinfo, data, record)
        text = "packet, " .. record.length .. " bytes"
    else
        subtree:add(field.unknown, tvb(record.at, record.length))
        text = "unknown, " .. record.length .. " bytes"
    end
    subtree:set_text("Record " .. index .. ": " .. text)
    return record.kind == "string" and text or nil
end

function proto.dissector(tvb, pinfo, tree)
    pinfo.cols.protocol = "mbuf_trace"
    local size = tvb:len()
    local top = tree:add(proto, tvb())
    if tvb:reported_len() > size then
        top:add_proto_expert_info(note.cut)
    end
    if size < 2 then
        top:add_proto_expert_info(note.short)
        return
    end
    local data = tvb:raw(0, size)
    local forced = proto.prefs.generation
    local reading = read_frame(data, forced ~= 0 and forced or nil)
    top:append_text(", generation " .. reading.generation)
    top:add(field.generation, reading.generation):set_generated()
    top:add(field.little_endian, reading.little):set_generated()
    if reading.little then
        top:add_le(field.count, tvb(0, 2))
    else
        top:add(field.count, tvb(0, 2))
    end

    -- Records stand newest first; they are shown in the order of time. The packet of generation 1
    -- stands last, though it is newest.
    local order = {}
    for index = #reading.records, 1, -1 do
        order[#order + 1] = index
    end
    if reading.generation == 1 and #order > 0 and reading.records[order[1]].kind == "packet" then
        table.insert(order, table.remove(order, 1))
    end
    local last
    for _, index in ipairs(order) do
        local record = reading.records[index]
        last = add_record(top, tvb, pinfo, data, index, record, reading) or last
    end

    if reading.missing > 0 then
        local whole = #reading.records
        top:add_proto_expert_info(note.truncated,
            "Claims " .. reading.count .. " records, " .. whole .. " are whole")
    end
    if reading.trailing > 0 then
        local range = tvb(reading.rest, reading.trailing)
        top:add(field.trailing, range):add_proto_expert_info(note.trailing)
    end
    -- Last, because the packets' dissectors have written the columns.
    pinfo.cols.info:clear_fence()
    if last then
        pinfo.cols.info:prepend(last .. "  ")
    end
    pinfo.cols.protocol:clear_fence()
    pinfo.cols.protocol = "mbuf_trace"
end

DissectorTable.get("wtap_encap"):add(wtap.USER0, proto)
