"""Statements of an nft rule written as `nft list ruleset` prints them, from the form of `nft -j`.

>>> from .nft_expr import read
>>> write(read("ct state established,related counter packets 1 bytes 2 accept"))
'ct state established,related counter packets 1 bytes 2 accept'
"""

from __future__ import annotations

from .nft_expr import BARE, BINARY, TIMES, VERDICTS, default_reject, is_mask, is_named, key_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    Dict = dict[str, Any]

_QUOTED = ("iif oif iifname oifname helper ibrname obrname day hour time bri_iifname bri_oifname iifkind oifkind sdifname "
           "ibridgename obridgename").split()  # fmt: skip


def write(statements: Iterable[Any], family: str = "inet") -> str:
    """The words of a rule, as `nft list ruleset` (1.0) prints them."""
    return " ".join(_written(statement, family) for statement in statements)


def write_value(value: Any) -> str:
    """A single value as `nft` prints it: ``80-90``, ``10.0.0.0/8``, ``"e0" . 22`` without quotes."""
    return _write_right(value, None)


def _written(statement: Any, family: str) -> str:
    if not isinstance(statement, dict) or len(statement) != 1:
        return str(statement)
    ((name, value),) = statement.items()
    if name in VERDICTS:
        return str(name)
    writer = _WRITERS.get(name)
    if writer is not None:
        try:
            return str(writer(value, family))
        except (LookupError, TypeError, ValueError, AttributeError):
            pass
    if name in ("jump", "goto"):
        return f"{name} {value['target']}"
    if name in ("ct helper", "ct timeout", "ct expectation"):
        return f'{name} set "{value}"'
    return name if value is None else f"{name} {value}"


def _write_match(value: Dict, _: str) -> str:
    left, right, op = value["left"], value["right"], value["op"]
    masked = left.get("&") if isinstance(left, dict) else None
    if masked and is_mask(masked[0]) and masked[0].get("payload"):
        sign = "!= " if op == "!=" else ""
        return f"{_write(masked[0])} {sign}{_write_right(right, masked[0])} / {_write_right(masked[1], masked[0])}"
    sign = "" if op == "in" or op == "==" and not masked and not _needs_equal(left, right) else f"{op} "
    return f"{_write(left)} {sign}{_write_right(right, masked[0] if masked else left)}"


def _needs_equal(left: Any, right: Any) -> bool:
    return (
        is_mask(left)
        and not isinstance(right, dict)
        and not is_named(right)
        or isinstance(left, dict)
        and bool({"|", "^", "<<", ">>"} & left.keys())
    )


def _write(value: Any) -> str:
    """An expression: a field, or fields joined."""
    if not isinstance(value, dict):
        return _write_right(value, None)
    ((name, inner),) = value.items()
    if name == "concat":
        return " . ".join(map(_write, inner))
    if name in BINARY:
        left = inner[0]
        return (
            f"{_write(left)} {name} {_write_right(inner[1], _field(left)) if not _is_expression(inner[1]) else _write(inner[1])}"
        )
    if name == "meta":
        return str(inner["key"]) if inner["key"] in BARE else f"meta {inner['key']}"
    if name == "payload":
        return (
            f"{inner['protocol']} {inner['field']}"
            if "protocol" in inner
            else f"@{inner['base']},{inner['offset']},{inner['len']}"
        )
    if name == "ct":
        return " ".join(["ct", *([inner["dir"]] if "dir" in inner else []), inner["key"]])
    if name == "fib":
        return f"fib {' . '.join(inner['flags'])} {inner['result']}"
    if name == "rt":
        return " ".join(["rt", *([inner["family"]] if "family" in inner else []), inner["key"]])
    if name in ("tcp option", "ip option", "sctp chunk"):
        return " ".join([name, inner["name"], *([inner["field"]] if "field" in inner else [])])
    if name == "exthdr":
        return f"{inner['name']} {inner['field']}" if "field" in inner else f"exthdr {inner['name']}"
    if name == "numgen":
        return f"numgen {inner['mode']} mod {inner['mod']}" + (f" offset {inner['offset']}" if inner.get("offset") else "")
    if name in ("jhash", "symhash"):
        words = [name, *([_write(inner["expr"])] if "expr" in inner else []), "mod", str(inner["mod"])]
        return " ".join(words + [f"{word} {inner[word]}" for word in ("seed", "offset") if word in inner])
    if name == "map":
        return f"{_write(inner['key'])} map {_write_right(inner['data'], inner['key'])}"
    if name == "socket":
        return f"socket {inner['key']}" + (f" level {inner['level']}" if "level" in inner else "")
    if name == "osf":
        return "osf " + (f"ttl {inner['ttl']} " if "ttl" in inner else "") + str(inner["key"])
    if name == "ipsec":
        spnum = f"spnum {inner['spnum']} " if inner.get("spnum") else ""
        return f"ipsec {inner['dir']} {spnum}" + (f"{inner['family']} " if "family" in inner else "") + str(inner["key"])
    return _write_right(value, None)


def _is_expression(value: Any) -> bool:
    return isinstance(value, dict) and not value.keys() & {"prefix", "range", "set"}


def _field(left: Any) -> Any:
    while isinstance(left, dict) and next(iter(left), "") in BINARY:
        left = left[next(iter(left))][0]
    return left


def _write_right(value: Any, left: Any) -> str:
    if isinstance(value, dict):
        if "set" in value:
            return f"{{ {', '.join(_write_element(element, left) for element in value['set'])} }}"
        if "prefix" in value:
            return f"{value['prefix']['addr']}/{value['prefix']['len']}"
        if "range" in value:
            return "-".join(_write_right(end, left) for end in value["range"])
        if "|" in value and not _is_expression(value["|"][0]):
            return " | ".join(_write_right(part, left) for part in value["|"])
        return _write(value)
    if isinstance(value, list):
        return ",".join(_write_right(part, left) for part in value)
    return _write_atom(value, _field(left))


def _write_element(element: Any, left: Any) -> str:
    if isinstance(element, list):
        key = _write_element(element[0], left)
        datum = element[1]
        is_verdict = isinstance(datum, dict) and not datum.keys() & {"prefix", "range", "concat"}
        return f"{key} : {_written(datum, '') if is_verdict else _write_datum(datum)}"
    if isinstance(element, dict) and "elem" in element:
        inner = element["elem"]
        words = [_write_element(inner["val"], left)]
        for key in inner:
            if key == "comment":
                words.append(f'comment "{inner[key]}"')
            elif key in ("timeout", "expires"):
                words.append(f"{key} {inner[key]}s")
            elif key != "val":
                words.append(_written({key: inner[key]}, ""))
        return " ".join(words)
    if isinstance(element, dict) and "concat" in element:
        keys = left["concat"] if isinstance(left, dict) and "concat" in left else [left] * len(element["concat"])
        return " . ".join(_write_right(part, key) for part, key in zip(element["concat"], keys))
    return _write_right(element, left)


def _write_datum(datum: Any) -> str:
    if isinstance(datum, dict) and "concat" in datum:
        return " . ".join(_write_right(part, None) for part in datum["concat"])
    return f'"{datum}"' if isinstance(datum, str) and not (datum[:1].isdigit() or ":" in datum) else _write_right(datum, None)


def _write_atom(value: Any, left: Any) -> str:
    key = key_of(left)
    if isinstance(value, bool):
        return "exists" if value else "missing"
    if isinstance(value, int):
        if key == "mark" or isinstance(left, dict) and left.get("socket", {}).get("key") == "mark":
            return f"0x{value:08x}"
        payload = left.get("payload", {}) if isinstance(left, dict) else {}
        if "base" in payload or payload.get("field") == "flags" and payload.get("protocol") == "tcp":
            return f"0x{value:x}"
        if payload.get("field") == "dscp" or payload.get("protocol") == "ether" and payload.get("field") == "type":
            return f"0x{value:02x}"
        return f"{value}s" if key in TIMES else str(value)
    if value[:1] == "@" or value == "*":
        return str(value)
    if value.isdigit() and key == "oif":  # `fib saddr . iif oif 0`
        return str(value)
    if key in _QUOTED or key in ("iifgroup", "oifgroup") or isinstance(left, dict) and "osf" in left:
        return f'"{value}"'
    return str(value)


def _write_counter(value: Any, _: str) -> str:
    if isinstance(value, dict) and "packets" in value:
        return f"counter packets {value['packets']} bytes {value['bytes']}"
    return f"counter name {_write_object(value)}" if value else "counter"


def _write_object(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else _write(value)


def _write_limit(value: Any, _: str) -> str:
    if not isinstance(value, dict) or "rate" not in value:
        return f"limit name {_write_object(value)}"
    over = "over " if value.get("inv") else ""
    unit = f" {value['rate_unit']}" if "rate_unit" in value and value["rate_unit"] != "packets" else ""
    burst = f" burst {value['burst']} {value.get('burst_unit', 'packets')}" if value.get("burst") != (0 if unit else 5) else ""
    return f"limit rate {over}{value['rate']}{unit}/{value['per']}{burst}"


def _write_quota(value: Any, _: str) -> str:
    if not isinstance(value, dict) or "val" not in value:
        return f"quota name {_write_object(value)}"
    used = f" used {value['used']} {value['used_unit']}" if "used" in value else ""
    return f"quota {'over ' if value.get('inv') else ''}{value['val']} {value['val_unit']}{used}"


def _write_reject(value: Any, family: str) -> str:
    if not value or value == default_reject(family):
        return "reject"
    return f"reject with {value['type']}" + (f" {value['expr']}" if "expr" in value else "")


def _write_log(value: Any, _: str) -> str:
    words = ["log"]
    for key in ("prefix", "level", "group", "snaplen", "queue-threshold", "flags"):
        if value and key in value:
            if key == "flags":
                words += _written_log_flags(value[key])
            else:
                words.append(f'prefix "{value[key]}"' if key == "prefix" else f"{key} {value[key]}")
    return " ".join(words)


def _written_log_flags(flags: Any) -> list[str]:
    kinds: dict[str, list[str]] = {}
    for flag in flags if isinstance(flags, list) else [flags]:
        kind, _, what = flag.partition(" ")
        kinds.setdefault(kind, []).append(what)
    return [f"flags {kind} {','.join(what)}".rstrip() for kind, what in kinds.items()]


def _write_nat(name: str) -> Any:
    def writer(value: Any, _: str) -> str:
        if not value:
            return name
        words = [name, *([value["family"]] if "family" in value and ("addr" in value or name == "tproxy") else [])]
        kind = value.get("type_flags")
        words += [kind] if isinstance(kind, str) else kind or []
        address, port = value.get("addr"), value.get("port")
        if address is not None or port is not None:
            text = "" if address is None else _write_right(address, None)
            ports = "" if port is None else ":" + _write_right(port, None)
            words += ["to", (f"[{text}]" if ":" in text and ports and " " not in text else text) + ports]
        flags = value.get("flags", [])
        flags = [flag for flag in (flags if isinstance(flags, list) else [flags]) if flag != "netmap"]
        return " ".join(words + ([",".join(flags)] if flags else []))

    return writer


def _write_set(value: Dict, _: str) -> str:
    words = [_write_key(value["elem"])] + [_written(statement, "") for statement in value.get("stmt", ())]
    if "data" in value:
        words += [":", _write_right(value["data"], None)]
    return f"{value['op']} {value.get('set', value.get('map'))} {{ {' '.join(words)} }}"


def _write_key(element: Any) -> str:
    if isinstance(element, dict) and "elem" in element:
        inner = element["elem"]
        options = [f"{key} {inner[key]}s" for key in ("timeout", "expires") if key in inner]
        return " ".join([_write(inner["val"]), *options])
    return _write(element)


def _write_dup(value: Dict, _: str) -> str:
    device = f' device "{value["dev"]}"' if "dev" in value else ""
    address = value["addr"]
    named = isinstance(address, str) and not (address[:1].isdigit() or ":" in address)
    return f"dup to {_write_object(address) if named else _write_right(address, None)}{device}"


def _write_fwd(value: Dict, _: str) -> str:
    if "addr" in value:
        return f'fwd {value["family"]} to {_write_right(value["addr"], None)} device "{value["dev"]}"'
    return f"fwd to {_write_object(value['dev'])}"


def _write_synproxy(value: Any, _: str) -> str:
    if not isinstance(value, dict):
        return f'synproxy name "{value}"' if value else "synproxy"
    flags = value.get("flags", [])
    words = [f"{word} {value[word]}" for word in ("mss", "wscale") if word in value]
    return " ".join(["synproxy", *words, *(flags if isinstance(flags, list) else [flags])])


def _write_queue(value: Any, _: str) -> str:
    words = ["queue"]
    flags = (value or {}).get("flags", [])
    flags = flags if isinstance(flags, list) else [flags]
    words += ["flags", ",".join(flags)] if flags else []
    number = (value or {}).get("num")
    return " ".join(words + ([] if number is None else ["to", _write_right(number, None)]))


def _write_mangle(value: Dict, _: str) -> str:
    new = value["value"]
    key = value["key"]
    if isinstance(new, dict) and "map" in new and isinstance(new["map"]["data"], dict):
        pairs = ", ".join(
            f"{_write_element(pair[0], new['map']['key'])} : {_write_right(pair[1], key)}" for pair in new["map"]["data"]["set"]
        )
        return f"{_write(key)} set {_write(new['map']['key'])} map {{ {pairs} }}"
    return f"{_write(key)} set {_write_right(new, key)}"


def _write_xt(value: Dict, _: str) -> str:
    return f"xt {value['type']} {value['name']}" if value else "xt"


_WRITERS: dict[str, Any] = {
    "match": _write_match, "counter": _write_counter, "limit": _write_limit, "quota": _write_quota, "reject": _write_reject,
    "log": _write_log, "dnat": _write_nat("dnat"), "snat": _write_nat("snat"), "masquerade": _write_nat("masquerade"),
    "redirect": _write_nat("redirect"), "tproxy": _write_nat("tproxy"), "set": _write_set, "map": _write_set, "dup": _write_dup,
    "fwd": _write_fwd, "synproxy": _write_synproxy, "queue": _write_queue, "mangle": _write_mangle, "xt": _write_xt,
    "vmap": lambda value, _: f"{_write(value['key'])} vmap {_write_right(value['data'], value['key'])}",
    "meter": lambda value, _: (
        f"meter {value['name']} "
        + (f"size {value['size']} " if "size" in value else "")
        + f"{{ {_write_key(value['key'])} {_written(value['stmt'], '')} }}"
    ),
    "flow": lambda value, _: f"flow {value['op']} {value['flowtable']}",
    "ct count": lambda value, _: f"ct count {'over ' if value.get('inv') else ''}{value['val']}",
    "last": lambda value, _: f"last used {value['used']}" if value else "last",
    "unparsed": lambda value, _: " ".join(value),
}  # fmt: skip
