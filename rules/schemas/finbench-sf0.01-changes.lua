-- LDBC FinBench, scale factor 0.01: the folder `incremental`, as changes to an import of
-- `snapshot` (cordon import --base).  Its times are milliseconds.
local function at(column)
  return { column = column, type = "timestamp", format = "ms" }
end

local function by(source, target)
  return function(edge)
    edge.source, edge.target, edge.time = source, target, { column = "createTime", format = "ms" }
    return edge
  end
end

return {
  csv = { delimiter = "|", quote = false },

  labels = {
    Person = {
      file = "AddPersonWrite1.csv",
      key = { column = "personId", type = "int64" },
      properties = {
        personName = "string", isBlocked = "bool", createTime = at("createTime"),
        gender = "string", birthday = at("birthday"), country = "string", city = "string",
      },
    },
    Company = {
      file = "AddCompanyWrite2.csv",
      key = { column = "companyId", type = "int64" },
      properties = {
        companyName = "string", isBlocked = "bool", createTime = at("createTime"),
        country = "string", city = "string", business = "string", description = "text",
        url = "text",
      },
    },
    Medium = {
      file = "AddMediumWrite3.csv",
      key = { column = "mediumId", type = "int64" },
      properties = {
        mediumType = "string", isBlocked = "bool", createTime = at("createTime"),
        lastLoginTime = at("lastLoginTime"), riskLevel = "string",
      },
    },
    Account = {
      key = { column = "accountId", type = "int64" },
      properties = {
        createTime = at("createTime"),
        isBlocked = { column = "accountBlocked", type = "bool" },
        accountType = "string", nickname = "string", phonenum = "string", email = "string",
        freqLoginType = "string", accountLevel = "string",
        lastLoginTime = at("lastLoginTime"),
      },
      sources = {
        { file = { "AddPersonOwnAccountWrite4.csv", "AddCompanyOwnAccountWrite5.csv" } },
        { file = "DeleteAccountWrite17.csv", change = "delete" },
      },
    },
    Loan = {
      file = { "AddPersonApplyLoanWrite6.csv", "AddCompanyApplyLoanWrite7.csv" },
      key = { column = "loanId", type = "int64" },
      properties = {
        loanAmount = "float64", balance = "float64", createTime = at("createTime"),
        loanUsage = "string", interestRate = "float64",
      },
    },
  },

  edges = {
    by("fromId", "toId") { type = "transfer", from = "Account", to = "Account",
      file = { "AddAccountTransferAccountWrite12.csv",
               "AddAccountTransferAccountReadWrite1.csv",
               "AddAccountTransferAccountReadWrite2.csv" },
      properties = {
        amount = "float64", orderNum = "int64", comment = "text", payType = "string",
        goodsType = "string",
      } },
    by("fromId", "toId") { type = "withdraw", from = "Account", to = "Account",
      file = "AddAccountWithdrawAccountWrite13.csv", properties = { amount = "float64" } },
    by("account", "loanId") { type = "repay", from = "Account", to = "Loan",
      file = "AddAccountRepayLoanWrite14.csv", properties = { amount = "float64" } },
    by("loanId", "accountId") { type = "deposit", from = "Loan", to = "Account",
      file = "AddLoanDepositAccountWrite15.csv", properties = { amount = "float64" } },
    by("mediumId", "accountId") { type = "signIn", from = "Medium", to = "Account",
      file = "AddMediumSigninAccountWrite16.csv", properties = { location = "string" } },
    by("personId", "accountId") { type = "own", from = "Person", to = "Account",
      file = "AddPersonOwnAccountWrite4.csv" },
    by("companyId", "accountId") { type = "own", from = "Company", to = "Account",
      file = "AddCompanyOwnAccountWrite5.csv" },
    by("personId", "loanId") { type = "apply", from = "Person", to = "Loan",
      file = "AddPersonApplyLoanWrite6.csv", properties = { org = "string" } },
    by("companyId", "loanId") { type = "apply", from = "Company", to = "Loan",
      file = "AddCompanyApplyLoanWrite7.csv", properties = { org = "string" } },
    by("investorId", "companyId") { type = "invest", from = "Person", to = "Company",
      file = "AddPersonInvestCompanyWrite8.csv", properties = { ratio = "float64" } },
    by("investorId", "companyId") { type = "invest", from = "Company", to = "Company",
      file = "AddCompanyInvestCompanyWrite9.csv", properties = { ratio = "float64" } },
    by("fromId", "toId") { type = "guarantee", from = "Person", to = "Person",
      file = { "AddPersonGuaranteePersonWrite10.csv",
               "AddPersonGuaranteePersonReadWrite3.csv" },
      properties = { relation = "string" } },
    by("fromId", "toId") { type = "guarantee", from = "Company", to = "Company",
      file = "AddCompanyGuaranteeCompanyWrite11.csv", properties = { relation = "string" } },
  },
}
