-- What a rule's body does: fields read, compared, combined; branches.
local accounts = {}
for i = 1, 100 do
    accounts[i] = { risk = i % 7, age = i * 3, country = i % 2 == 0 and "NL" or "DE",
                    balance = i * 100.5, blocked = i % 13 == 0 }
end

local function judge(account, limit)
    local score = 0
    if account.blocked then
        score = score + 100
    end
    if account.risk > 4 then
        score = score + account.risk * 10
    elseif account.risk > 2 then
        score = score + 5
    end
    if account.age < 90 and account.balance > limit then
        score = score + 25
    end
    if account.country ~= "NL" then
        score = score + 1
    end
    return score
end

return function()
    local total = 0
    for turn = 1, 120 do
        for i = 1, #accounts do
            total = total + judge(accounts[i], turn * 10)
        end
    end
    return total
end
