-- find, match, gsub, format, rep, concat over short texts.
local words = { "transfer", "account", "2026-11-26", "NL91ABNA0417164300", "fan-in", "x" }

return function()
    local total = 0
    for turn = 1, 300 do
        local parts = {}
        for i = 1, #words do
            local word = words[i]
            if word:find("%d+") then
                total = total + #word:match("%d+")
            end
            local swapped = word:gsub("(%w)(%w)", "%2%1")
            parts[#parts + 1] = ("%s:%d:%.2f"):format(swapped, i, turn / 7)
        end
        local line = table.concat(parts, ",") .. ";" .. turn
        total = total + #line + (line:find("300", 1, true) or 0)
    end
    return total
end
