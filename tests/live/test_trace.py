"""What `trace` says of a capture against what packets do."""

from __future__ import annotations

import packets
import pytest

pytestmark = pytest.mark.root


@pytest.mark.parametrize("seed", [0, 1, 2, 4, 5, 6, 7])
def test_packets_do_what_is_said(seed: int) -> None:
    _, found = packets.of_seed(seed)
    assert len(found) > 30
    assert [str(one) for one in found if one.kind.startswith("wrong")] == []
    assert packets.counts(found)["undecided"] <= len(found) // 5
