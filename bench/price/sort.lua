-- table.sort with a comparator in Lua, and method calls.
local Item = {}
Item.__index = Item
function Item:weight()
    return self.amount * 2 + self.rank
end

return function()
    local total = 0
    for turn = 1, 10 do
        local items = {}
        for i = 1, 100 do
            items[i] = setmetatable({ amount = i * 7919 % 101, rank = (i + turn) % 10 }, Item)
        end
        table.sort(items, function(a, b)
            if a.amount ~= b.amount then
                return a.amount < b.amount
            end
            return a.rank < b.rank
        end)
        for i = 1, #items do
            total = total + items[i]:weight() * i
        end
    end
    return total
end
