#!/usr/bin/env python3
"""cordon import --base: a generation made of another one and changes to it is what a full
import of the result makes, bit for bit.

  base.py CORDON SCHEMAS [SHARED]

With SHARED also the public data set's later events; without it only made-up changes."""
import csv
import datetime
import json
import os
import random
import subprocess
import sys
import tempfile

CORDON, SCHEMAS = map(os.path.abspath, sys.argv[1:3])
SHARED = os.path.join(sys.argv[3], "data/finbench-sf0.01") if len(sys.argv) > 3 else ""
CHECKS = 0

GRAPH = """return {
  labels = {
    Account = { file = "accounts.csv", key = { column = "id", type = "int64" },
      properties = { name = "string?", note = "text", risk = "int64", extra = "bag?",
                     score = "float64?", open = "bool", started = "timestamp?" } },
    Person = { file = "persons.csv", key = { column = "id", type = "string" } },
  },
  edges = {
    { type = "pays", from = "Account", to = "Account", file = "pays.csv", source = "from",
      target = "to", time = { column = "at", format = "ms" },
      properties = { amount = "int64", memo = { type = "text?", mirror = false } } },
    { type = "owns", from = "Person", to = "Account", file = "owns.csv", source = "from",
      target = "to" },
  },
}
"""

CHANGES = """return {
  labels = {
    Account = { key = { column = "id", type = "int64" },
      properties = { name = "string?", note = "text", risk = "int64", extra = "bag?",
                     score = "float64?", open = "bool", started = "timestamp?" },
      sources = {
        { file = "gone.csv", change = "delete" },
        { file = "accounts.csv" },
        { file = "risks.csv", change = "update", properties = { "risk", "name" } },
        { file = "notes.csv", change = "update", properties = { note = "text", extra = "bag" } },
      } },
    Person = { file = "persons.csv", key = { column = "id", type = "string" } },
  },
  edges = {
    { type = "pays", from = "Account", to = "Account", source = "from", target = "to",
      time = { column = "at", format = "ms" },
      properties = { amount = "int64", memo = "text?" },
      sources = {
        { file = "pays.csv" },
        { file = "unpaid.csv", change = "delete", properties = { "at" } },
        { file = "strangers.csv", change = "delete" },
      } },
    { type = "owns", from = "Person", to = "Account", file = "owns.csv", source = "from",
      target = "to" },
  },
}
"""


def expect(what, *about):
    global CHECKS
    CHECKS += 1
    if not what:
        raise AssertionError(about)


def run(*args, code=0):
    done = subprocess.run([CORDON, *args], capture_output=True, text=True)
    expect(done.returncode == code, args, done.returncode, done.stdout, done.stderr)
    return done.stdout, done.stderr


def load(*args):
    return json.loads(run("import", "--format", "json", *args)[0])


def snapshot_id(store):
    run("snapshot", "verify", store)
    return json.loads(run("snapshot", "info", store, "--format", "json")[0])["snapshot_id"]


def write(path, header, rows, **how):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n", **how)
        out.writerow(header)
        out.writerows(rows)


def text(path, content):
    with open(path, "w", encoding="utf-8") as file:
        file.write(content)


ACCOUNT = ["id", "name", "note", "risk", "extra", "score", "open", "started"]
PAYS = ["from", "to", "at", "amount", "memo"]


def account(key, dice):
    return [key, dice.choice(["", "Ann", "Bob", "Cid"]), "note %d" % dice.randrange(10**6),
            dice.randrange(-5, 100), dice.choice(["", '{"a":[1,2,%d]}' % dice.randrange(9)]),
            dice.choice(["", "0.5", "-3"]), dice.choice(["true", "false"]),
            dice.choice(["", "2020-02-03", "2024-05-06 07:08:09"])]


def payment(keys, dice):
    return [dice.choice(keys), dice.choice(keys), dice.randrange(40), dice.randrange(1000),
            dice.choice(["", "rent", "food"])]


class Made:
    """A graph and changes to it, drawn from a seed, and what the changes make of it."""

    def __init__(self, seed):
        dice = random.Random(seed)
        keys = dice.sample(range(-1000, 5000), 300)
        persons = ["p%d" % i for i in range(40)]
        self.accounts = [account(key, dice) for key in keys]
        self.pays = [payment(keys, dice) for _ in range(2500)]
        self.persons = [[person] for person in persons]
        self.owns = [[dice.choice(persons), dice.choice(keys)] for _ in range(120)]
        self.gone = dice.sample(keys, 25)
        self.again = self.gone[:5]  # deleted, and added anew
        left = [key for key in keys if key not in self.gone] + self.again
        new = dice.sample(range(6000, 9000), 60) + self.again
        self.new = [account(key, dice) for key in new]
        self.risks = [[dice.choice(keys), dice.randrange(500, 600), dice.choice(["", "Dora"])]
                      for _ in range(60)]  # some twice, some of those that go
        self.notes = [[dice.choice(keys), "changed %d" % i, ""] for i in range(40)]
        unpaid = dice.sample(self.pays, 50)
        self.unpaid = sorted({(row[0], row[1], row[2]) for row in unpaid[:40]})
        pairs = {(row[0], row[1]) for row in self.pays
                 if (row[0], row[1], row[2]) not in self.unpaid}
        self.strangers = sorted(pairs & {(row[0], row[1]) for row in unpaid[40:]})
        ends = left + new
        self.paid = [payment(ends, dice) for _ in range(400)]
        self.new_persons = [["q%d" % i] for i in range(5)]
        self.owned = [[dice.choice(persons + ["q1"]), dice.choice(ends)] for _ in range(30)]

    def write_base(self, folder):
        write(folder + "/accounts.csv", ACCOUNT, self.accounts)
        write(folder + "/persons.csv", ["id"], self.persons)
        write(folder + "/pays.csv", PAYS, self.pays)
        write(folder + "/owns.csv", ["from", "to"], self.owns)

    def write_changes(self, folder):
        write(folder + "/accounts.csv", ACCOUNT, self.new)
        write(folder + "/gone.csv", ["id"], [[key] for key in self.gone])
        write(folder + "/risks.csv", ["id", "risk", "name"], self.risks)
        write(folder + "/notes.csv", ["id", "text", "bag"], self.notes)
        write(folder + "/persons.csv", ["id"], self.new_persons)
        write(folder + "/pays.csv", PAYS, self.paid)
        write(folder + "/unpaid.csv", ["from", "to", "at"], self.unpaid)
        write(folder + "/strangers.csv", ["from", "to"], self.strangers)
        write(folder + "/owns.csv", ["from", "to"], self.owned)

    def write_result(self, folder):
        changed = {row[0]: list(row) for row in self.accounts}
        for key, risk, name in self.risks:
            changed[key][3], changed[key][1] = risk, name
        for key, note, extra in self.notes:
            changed[key][2], changed[key][4] = note, extra
        gone = set(self.gone)
        accounts = [row for key, row in changed.items() if key not in gone]
        pays = [row for row in self.pays
                if row[0] not in gone and row[1] not in gone and
                (row[0], row[1], row[2]) not in self.unpaid and
                (row[0], row[1]) not in self.strangers]
        owns = [row for row in self.owns if row[1] not in gone]
        write(folder + "/accounts.csv", ACCOUNT, accounts + self.new)
        write(folder + "/persons.csv", ["id"], self.persons + self.new_persons)
        write(folder + "/pays.csv", PAYS, pays + self.paid)
        write(folder + "/owns.csv", ["from", "to"], owns + self.owned)


def merged():
    for seed in range(6):
        made = Made(seed)
        store, full = "store%d" % seed, "full%d" % seed
        made.write_base("base")
        made.write_changes("changes")
        made.write_result("result")
        run("import", "--schema", "graph.lua", "--out", store, "base")
        run("import", "--schema", "graph.lua", "--out", full, "result")
        before = snapshot_id(store)
        rehearsed = load("--schema", "changes.lua", "--base", "current", "--out", store,
                         "--dry-run", "changes")
        expect(snapshot_id(store) == before, "a dry run changes nothing")
        found = load("--schema", "changes.lua", "--base", "1", "--out", store, "changes")
        for name in ("base", "updated", "deleted_nodes", "deleted_edges", "dropped_edges", "nodes",
                     "edges", "rejected"):
            expect(found[name] == rehearsed[name], name, found, rehearsed)
        expect(found["base"] == 1 and found["generation"] == 2, found)
        expect(found["updated"] == len(made.risks) + len(made.notes), found)
        expect(found["deleted_nodes"] == len(made.gone) and found["dropped_edges"] > 0, found)
        expect(found["deleted_edges"] >= len(made.unpaid) + len(made.strangers), found)
        expect(snapshot_id(store) == snapshot_id(full) != before, seed)
        # nothing changed: the same graph again
        for name in ("accounts", "persons", "pays", "owns", "gone", "risks", "notes", "unpaid",
                     "strangers"):
            path = "nothing/%s.csv" % name
            with open("changes/%s.csv" % name, encoding="utf-8") as file:
                header = file.readline()
            os.makedirs("nothing", exist_ok=True)
            text(path, header)
        run("import", "--schema", "changes.lua", "--base", "1", "--out", store, "nothing")
        expect(snapshot_id(store) == before)


def rejected():
    """Changes to what is not there are told, with their place, and publish nothing."""
    made = Made(99)
    made.write_base("base")
    made.write_changes("changes")
    run("import", "--schema", "graph.lua", "--out", "store", "base")
    write("changes/gone.csv", ["id"], [[made.gone[0]], [made.gone[0]], [123456789]])
    write("changes/risks.csv", ["id", "risk", "name"], [[987654321, 1, ""], [made.gone[1], "", ""]])
    write("changes/strangers.csv", ["from", "to"], [[made.gone[0], 77777], ["x", 1]])
    write("changes/unpaid.csv", ["from", "to", "at"], [[*made.pays[0][:2], 41]])
    made_new = list(made.new[10])
    made_new[0] = made.accounts[0][0] if made.accounts[0][0] not in made.gone else made.accounts[1][0]
    write("changes/accounts.csv", ACCOUNT, [made_new])
    out, err = run("import", "--schema", "changes.lua", "--base", "1", "--out", "store", "changes",
                   code=3)
    for message in ("gone.csv:3: row rejected: a row before it deletes this Account already",
                    "gone.csv:4: row rejected: column 'id': there is no Account '123456789'",
                    "risks.csv:2: row rejected: column 'id': there is no Account '987654321'",
                    "risks.csv:3: row rejected: column 'risk' is empty",
                    "accounts.csv:2: row rejected: another Account has the same key"):
        expect(message in err, message, err)
    expect(out == "" and "nothing was published" in err, err)
    # of edges once the nodes are right
    write("changes/gone.csv", ["id"], [])
    write("changes/risks.csv", ["id", "risk", "name"], [])
    write("changes/accounts.csv", ACCOUNT, made.new[:60])
    _, err = run("import", "--schema", "changes.lua", "--base", "1", "--out", "store", "changes",
                 code=3)
    for message in ("strangers.csv:2: row rejected: column 'to': there is no Account '77777'",
                    "strangers.csv:3: row rejected: column 'from'",
                    "unpaid.csv:2: row rejected: there is no such 'pays' to delete"):
        expect(message in err, message, err)
    expect(len(json.loads(run("snapshot", "list", "store", "--format", "json")[0])
               ["generations"]) == 1)


def refused():
    """Changes that do not fit the base."""
    for old, new, message in (
            ("Person", "Persona", "the base has no label 'Persona'; did you mean 'Person'?"),
            ("score = ", "scoer = ", "the base has no property 'scoer' on Account; did you mean"),
            ("risk = \"int64\"", "risk = \"float64\"", "'risk' of Account is float64 in the changes"),
            ("key = { column = \"id\", type = \"string\" }", "key = { column = \"id\", type = \"int64\" }",
             "the key of Person is int64 in the changes and string in the base"),
            ("type = \"owns\"", "type = \"has\"", "the base has no edges 'has' from Person to Account"),
            (", open = \"bool\"", "", "'open' of Account is not nullable in the base"),
            ("change = \"delete\" },\n        { file = \"accounts", "change = \"drop\" },\n        { file = "
             "\"accounts", "unknown change 'drop' (known: add, update, delete)"),
            ("{ file = \"strangers.csv\", change = \"delete\" }",
             "{ file = \"strangers.csv\", change = \"update\" }", "edges have no keys of their own"),
            ("properties = { \"at\" }", "properties = { \"amount\" }",
             "'amount' has no use here")):
        expect(old in CHANGES, old)
        text("odd.lua", CHANGES.replace(old, new))
        _, err = run("import", "--schema", "odd.lua", "--base", "1", "--out", "store", "changes",
                     code=3)
        expect(message in err, message, err)
    _, err = run("import", "--schema", "changes.lua", "--out", "store", "changes", code=3)
    expect(".change: unknown name" in err, err)
    _, err = run("import", "--schema", "changes.lua", "--base", "7", "--out", "store", "changes",
                 code=3)
    expect("no generation 7" in err, err)
    for args, message in ((["--base", "x", "--out", "store"], "--base"),
                          (["--base", "1", "--dry-run"], "say --out")):
        _, err = run("import", "--schema", "changes.lua", *args, "changes", code=2)
        expect(message in err, err)


# ---- the public data set --------------------------------------------------------------------

def table(path):
    with open(path, encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("|") for line in file]
    return rows[0], rows[1:]


def as_text(ms):
    whole, part = divmod(int(ms), 1000)
    return datetime.datetime.fromtimestamp(whole, datetime.timezone.utc).strftime(
        "%Y-%m-%d %H:%M:%S") + ".%03d" % part


# a file of the snapshot, those of later events with its rows, and names that differ
LATER = (
    ("Person", ["AddPersonWrite1"], {}), ("Company", ["AddCompanyWrite2"], {}),
    ("Medium", ["AddMediumWrite3"], {}),
    ("Account", ["AddPersonOwnAccountWrite4", "AddCompanyOwnAccountWrite5"],
     {"isBlocked": "accountBlocked", "accoutType": "accountType"}),
    ("Loan", ["AddPersonApplyLoanWrite6", "AddCompanyApplyLoanWrite7"], {}),
    ("AccountTransferAccount", ["AddAccountTransferAccountWrite12",
                                "AddAccountTransferAccountReadWrite1",
                                "AddAccountTransferAccountReadWrite2"], {}),
    ("AccountWithdrawAccount", ["AddAccountWithdrawAccountWrite13"], {}),
    ("AccountRepayLoan", ["AddAccountRepayLoanWrite14"], {"accountId": "account"}),
    ("LoanDepositAccount", ["AddLoanDepositAccountWrite15"], {}),
    ("MediumSignInAccount", ["AddMediumSigninAccountWrite16"], {}),
    ("PersonOwnAccount", ["AddPersonOwnAccountWrite4"], {}),
    ("CompanyOwnAccount", ["AddCompanyOwnAccountWrite5"], {}),
    ("PersonApplyLoan", ["AddPersonApplyLoanWrite6"], {}),
    ("CompanyApplyLoan", ["AddCompanyApplyLoanWrite7"], {}),
    ("PersonInvestCompany", ["AddPersonInvestCompanyWrite8"], {}),
    ("CompanyInvestCompany", ["AddCompanyInvestCompanyWrite9"], {}),
    ("PersonGuaranteePerson", ["AddPersonGuaranteePersonWrite10",
                               "AddPersonGuaranteePersonReadWrite3"], {}),
    ("CompanyGuaranteeCompany", ["AddCompanyGuaranteeCompanyWrite11"], {}),
)


def write_public(folder):
    """The snapshot's rows without the deleted accounts, then the later ones, as one data set."""
    header, rows = table(SHARED + "/incremental/DeleteAccountWrite17.csv")
    gone = {row[header.index("accountId")] for row in rows}
    os.makedirs(folder)
    for name, files, other in LATER:
        header, rows = table("%s/snapshot/%s.csv" % (SHARED, name))
        ends = [i for i, column in enumerate(header)
                if column == "accountId" or ("Account" in name and column in ("fromId", "toId"))]
        out = [row for row in rows if not any(row[i] in gone for i in ends)]
        for file in files:
            columns, later = table("%s/incremental/%s.csv" % (SHARED, file))
            places = [columns.index(other.get(column, column)) for column in header]
            for row in later:
                out.append([as_text(row[at]) if column in ("createTime", "birthday") else row[at]
                            for column, at in zip(header, places)])
        with open("%s/%s.csv" % (folder, name), "w", encoding="utf-8") as file:
            file.write("".join("|".join(row) + "\n" for row in [header] + out))


def public():
    snapshot = os.path.join(SCHEMAS, "finbench-sf0.01.lua")
    run("import", "--schema", snapshot, "--out", "bench", SHARED + "/snapshot")
    found = load("--schema", os.path.join(SCHEMAS, "finbench-sf0.01-changes.lua"), "--base",
                 "current", "--out", "bench", "--max-errors", "all", SHARED + "/incremental")
    expect(found["deleted_nodes"] == 64 and found["dropped_edges"] > 500, found)
    write_public("public")
    full = load("--schema", snapshot, "--out", "whole", "--max-errors", "all", "public")
    expect(found["nodes"] == full["nodes"] and found["edges"] == full["edges"], found, full)
    # besides what both reject: accounts to delete that only later events would add
    expect(found["rejected"] == full["rejected"] + 116 - 64, found, full)
    expect(snapshot_id("bench") == snapshot_id("whole"))
    print("later events of the public data set: %d rows on %d" % (found["rows"], full["rows"]))


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        text("graph.lua", GRAPH)
        text("changes.lua", CHANGES)
        for test in (merged, rejected, refused):
            test()
        if SHARED and os.path.isdir(SHARED):
            public()
        else:
            print("SKIPPED in part: no public data set")
        os.chdir("/")
    print(f"{CHECKS} checks passed")


main()
