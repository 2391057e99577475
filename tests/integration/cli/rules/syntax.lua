return {
  name = "cut",
  evaluate = function(
