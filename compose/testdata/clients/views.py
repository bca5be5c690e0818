"""Asks every view of the database with clickhouse-connect, and checks that what its columns promise is what Python gets."""

import datetime
import decimal
import uuid

import clickhouse_connect

import talk

TYPES = {"String": str, "UUID": uuid.UUID, "Date": datetime.date, "Date32": datetime.date, "DateTime64": datetime.datetime, "Decimal": decimal.Decimal, "Bool": bool}


def strip(name, wrapper):
    return name[len(wrapper) + 1:-1] if name.startswith(wrapper + "(") else None


def fits(value, name, column):
    """Whether a value is what a ClickHouse type should become. Only a lag, in seconds, may be a float."""
    if inner := strip(name, "LowCardinality"):
        return fits(value, inner, column)
    if inner := strip(name, "Nullable"):
        return value is None or fits(value, inner, column)
    if inner := strip(name, "Array"):
        return isinstance(value, list) and all(fits(v, inner, column) for v in value)
    if name.startswith("Map("):
        return isinstance(value, dict)
    if name.startswith("Enum"):
        return isinstance(value, str)
    if name.startswith(("Int", "UInt")):
        return type(value) is int
    base = name.partition("(")[0]
    if base.startswith("Float"):
        return type(value) is float and column.endswith("_lag_s")
    return type(value) is TYPES.get(base)


def main(order):
    client = clickhouse_connect.get_client(host=order["host"], port=order["port"], database=order["database"])
    named = client.query("SELECT name, arrayMap(p -> p.1, parameterized_view_parameters) FROM system.tables WHERE database = {d:String} AND engine = 'View' ORDER BY name", {"d": order["database"]})
    comments = client.query("SELECT table, name, comment FROM system.columns WHERE database = {d:String}", {"d": order["database"]}).result_rows
    views, problems = {}, [f"{t}.{c} has no comment" for t, c, text in comments if not text]
    if not comments:
        problems.append("system.columns is empty")
    seen = set()
    for view, parameters in named.result_rows:  # those that want parameters want a period, and the empty one is now
        arguments = ", ".join(p + " = ''" for p in parameters)
        result = client.query(f"SELECT * FROM {view}({arguments})" if parameters else f"SELECT * FROM {view}")
        views[view] = len(result.result_rows)
        for name, kind, column in zip(result.column_names, result.column_types, result.result_columns):
            seen.add(kind.name.partition("(")[0])
            for value in column:
                if not fits(value, kind.name, name):
                    problems.append(f"{view}.{name}: {kind.name} became {value!r}")
                    break
    zeros = client.query("SELECT legal_entity, currency, sum(debit), sum(credit), sum(balance) FROM trial_balance GROUP BY ALL").result_rows
    for entity, currency, debit, credit, balance in zeros:
        if debit != credit or balance != 0 or not debit:
            problems.append(f"the trial balance of {entity} in {currency}: {debit} and {credit}")
    balances = sum((r[0] for r in client.query("SELECT balance FROM trial_balance").result_rows), decimal.Decimal(0))
    if balances:
        problems.append(f"the trial balance sums to {balances}")
    streamed = 0
    with client.query_row_block_stream("SELECT entry_id, amount_fn FROM journal_lines") as stream:
        streamed = sum(len(block) for block in stream)
    return {"views": views, "problems": problems, "kinds": sorted(seen), "entities": len(zeros), "streamed": streamed}


talk.answer(main)
