"""Cuts a tree into blocks of neighbouring nodes that are small enough for linear programs of their own.
Not here: what the nodes are.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)

# So many columns make a linear program that is solved in less than a second.
LIMIT = 5_000


def blocks_of_tree(
    tops: Iterable[Node], children: Mapping[Node, Sequence[Node]], weight: Callable[[Node], int], limit: int = LIMIT
) -> list[list[Node]]:
    """Every node with the nodes below it where they are light enough together; else with those directly below it.

    Light branches of one node are taken together. Each block holds the node above its branches as well.
    """
    total: dict[Node, int] = {}
    order: list[Node] = []
    ahead = list(tops)
    while ahead:
        node = ahead.pop()
        order.append(node)
        ahead += children.get(node, ())
    for node in reversed(order):
        total[node] = weight(node) + sum(total[child] for child in children.get(node, ()))

    def branch(node: Node) -> list[Node]:
        found, below = [], [node]
        while below:
            found.append(below.pop())
            below += children.get(found[-1], ())
        return found

    blocks = []
    for node in order:
        below = children.get(node, ())
        if not below:
            continue
        light: list[Node] = []
        count = 0
        for child in below:
            if total[child] > limit:
                continue
            if count + total[child] > limit:
                blocks.append([node, *light])
                light, count = [], 0
            light += branch(child)
            count += total[child]
        if light:
            blocks.append([node, *light])
        if len(light) < len(below) or count > limit:
            blocks.append([node, *below])
    return blocks
