-- What the public_*.lua files share; the driver puts it before each of them.
--
-- A row is { answer, function, arguments... }: the function is called under pcall and what it
-- gives is told as text, a failure as "error: message".  `stock` is what stock LuaJIT answers
-- where the sandbox differs on purpose, `only` marks what is not asked of stock (it
-- shows addresses, or never ends);
-- `n` is the number of arguments where the last are nil.
-- The answer of a file is the number of its rows, or what is wrong with them.
local stock = load ~= nil

local function told(value)
    if type(value) == "string" then
        return "'" .. value:gsub("[%c\127]", function(c) return ("\\%d"):format(c:byte()) end) .. "'"
    elseif value == 0 and 1 / value < 0 then
        return "-0"
    elseif value ~= value then
        return "nan"
    elseif type(value) == "number" then
        return ("%.16g"):format(value)
    elseif type(value) == "boolean" or value == nil then
        return tostring(value)
    end
    return type(value)
end

local function tell(ok, ...)
    local parts = {}
    if not ok then
        return "error: " .. (type((...)) == "string" and (...) or told((...)))
    end
    for i = 1, select("#", ...) do
        parts[i] = told((select(i, ...)))
    end
    return table.concat(parts, " ")
end

local function run(rows)
    local faults = {}
    for i, row in ipairs(rows) do
        local wanted = stock and row.stock or row[1]
        local got = wanted
        if not (stock and row.only) then
            got = tell(pcall(row[2], unpack(row, 3, 2 + (row.n or #row - 2))))
        end
        if got ~= wanted then
            local arguments = {}
            for j = 3, #row do
                arguments[j - 2] = told(row[j])
            end
            faults[#faults + 1] = ("row %d (%s)\n  wanted %s\n  got    %s"):format(i, table.concat(arguments, ", "), wanted, got)
        end
    end
    return #faults == 0 and #rows .. " rows" or table.concat(faults, "\n")
end

