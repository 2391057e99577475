local t = {} for i = 1, 1100 do t["p" .. i] = {} end return { principals = t }
