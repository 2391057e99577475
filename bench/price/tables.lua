-- Small tables, closures, pairs and ipairs.
return function()
    local total = 0
    for turn = 1, 1000 do
        local counts = { a = turn, b = 2, c = 3 }
        local list = { turn, 1, 2, 3 }
        local function add(n)
            total = total + n
        end
        for _, value in pairs(counts) do
            add(value)
        end
        for i, value in ipairs(list) do
            add(i * value)
        end
        counts.d = #list
        add(counts.d)
    end
    return total
end
