-- SPDX-License-Identifier: BSD-2-Clause
-- dtkit: what is known of a packet, as fields to filter by, beside what Wireshark makes of its bytes.
--
-- dtkit writes it into the comment of each packet, in lines "name: value"; what it says there of a
-- packet is what it says here. The first line tells our comments from those of people:
-- "journey 4, packet 2 of 5, hop 7 of 31", or "cpu 0, probe id 19971, mbuf 0xfff...".

local proto = Proto("dtkit", "dtkit")

-- Name, kind and words of each field; dtkit puts them in.
local KNOWN = {
--@FIELDS@
}

local MAKERS = {
    string = function(name, title, words)
        return ProtoField.string(name, title, base.UNICODE, words)
    end,
    int64 = function(name, title, words)
        return ProtoField.int64(name, title, base.DEC, nil, nil, words)
    end,
    uint64 = function(name, title, words)
        return ProtoField.uint64(name, title, base.HEX, nil, nil, words)
    end,
}

-- Text as a number of that kind, or nil.
local READERS = {
    int64 = function(text)
        local digits = text:gsub(" ns$", ""):match("^%-?%d+$")
        return digits and #digits < 20 and Int64.new(digits) or nil
    end,
    uint64 = function(text)
        local digits = text:match("^0x(%x+)$")
        return digits and #digits <= 16 and UInt64.fromhex(digits) or nil
    end,
    string = function(text)
        return text
    end,
}

local field, kinds, fields = {}, {}, {}
for _, known in ipairs(KNOWN) do
    local name, kind, words = known[1], known[2], known[3]
    local title = name:sub(1, 1):upper() .. name:sub(2):gsub("_", " ")
    field[name], kinds[name] = MAKERS[kind]("dtkit." .. name, title, words), kind
    fields[#fields + 1] = field[name]
end
proto.fields = fields

local note = {
    dropped = ProtoExpert.new("dtkit.dropped", "The packet was dropped",
        expert.group.RESPONSE_CODE, expert.severity.WARN),
    missing = ProtoExpert.new("dtkit.missing", "Something is missing",
        expert.group.SEQUENCE, expert.severity.NOTE),
}
proto.experts = { note.dropped, note.missing }

local comments = Field.new("frame.comment")
local place = Field.new("frame.interface_name")

local function add(tree, name, text)
    local kind = kinds[name]
    if kind == nil then
        return nil
    end
    local value = READERS[kind](text)
    if value == nil then
        return nil
    end
    return tree:add(field[name], value)
end

-- "journey 4, packet 2 of 5, hop 7 of 31": numbers, with how many there are as name + s.
local function add_title(tree, line)
    for name, number in line:gmatch("(%a+) (%d+)") do
        if name ~= "of" then
            add(tree, name, number)
        end
    end
    for name, count in line:gmatch("(%a+) %d+ of (%d+)") do
        add(tree, name .. "s", count)
    end
end

local function add_lines(tree, lines)
    for index = 2, #lines do
        local name, value = lines[index]:match("^([%l_]+): (.*)$")
        if name then
            local item = add(tree, name, value)
            if item and name == "outcome" and value:find("^dropped") then
                item:add_proto_expert_info(note.dropped, "The packet was " .. value)
            elseif item and name == "note" then
                item:add_proto_expert_info(note.missing, value)
            end
        end
    end
end

-- "cpu 0, probe id 19971, mbuf 0xfff..., offset 20", of a packet that no journey is of. The probe
-- stands in front where all packets are of one interface, else it is the interface.
local function add_packet(tree, line)
    local found = false
    local probe = place() and tostring(place().value) or nil
    for word in (line .. ", "):gmatch("(.-), ") do
        local name, value = word:match("^(%l[%l ]*) (%w+)$")
        name = name == "probe id" and "id" or name
        if name and (name == "cpu" or name == "id" or name == "mbuf" or name == "offset") then
            found = add(tree, name, value) ~= nil or found
        elseif word:find("^[^ ]*:[^ ]*:[^ ]*:[^ ]*$") then
            probe = word
        else
            return false
        end
    end
    if not found or not probe then
        return found
    end
    add(tree, "probe", probe)
    local called = probe:match("^[^:]*:[^:]*:([^:]+):[^:]*$")
    if called then
        add(tree, "function", called)
    end
    return true
end

function proto.dissector(tvb, pinfo, tree)
    for _, comment in ipairs({ comments() }) do
        local text = tostring(comment.value)
        local lines = {}
        for line in (text .. "\n"):gmatch("(.-)\n") do
            lines[#lines + 1] = line
        end
        local first = lines[1] or ""
        local number = first:match("^journey (%d+), packet %d+ of %d+")
        if number then
            local top = tree:add(proto)
            top:append_text(", " .. first)
            add_title(top, first)
            add_lines(top, lines)
            -- What to look at next: in Wireshark, "Apply as filter" of this line.
            add(top, "follow", "dtkit.journey == " .. number)
        elseif first:find("^cpu %d") or first:find("^probe id %d") or first:find("^mbuf 0x")
            or first:find("^offset %d") or first:find("^[%w_%-]*:[^ ]*:[^ ]*:[^ ]*,") then
            local top = tree:add(proto)
            if not add_packet(top, first) then
                top:set_hidden()
            end
            add_lines(top, lines)
        end
    end
end

register_postdissector(proto)

-- Following a journey from the menu, where there is one.
if gui_enabled() then
    local function follow(number)
        if tostring(number):find("^%d+$") then
            set_filter("dtkit.journey == " .. number)
            apply_filter()
        end
    end
    register_menu("dtkit/Follow a journey", function()
        new_dialog("Follow a journey", follow, "Number of the journey")
    end, MENU_TOOLS_UNSORTED)
    if register_packet_menu then
        register_packet_menu("dtkit/Follow this journey", function(...)
            for _, one in ipairs({ ... }) do
                if one.name == "dtkit.journey" then
                    follow(tostring(one.value))
                end
            end
        end, "dtkit.journey")
    end
end
