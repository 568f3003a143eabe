#!/usr/bin/env python3
"""Writes ranking.json: random rankings with ties and their measures, by the definitions alone.

It shares no code with the package. Ranks come from counting the documents that precede a document,
never from sorting, and sums are exact fractions where they are rational.
"""
import json
import math
import random
from fractions import Fraction
from pathlib import Path

random.seed(20261129)
K = 10


def precedes(a, b):
    """Whether trec_eval ranks document a before b: (id, score) pairs."""
    if a[1] != b[1]:
        return a[1] > b[1]
    return a[0].encode() > b[0].encode()


def rank(doc, run):
    return 1 + sum(precedes(other, doc) for other in run)


def dcg(pairs):
    """Pairs of a grade and a rank."""
    return math.fsum(g / math.log2(r + 1) for g, r in pairs if g > 0 and r <= K)


def measures(qrels, run):
    ranks = {doc[0]: rank(doc, run) for doc in run}
    relevant = [d for d, g in qrels.items() if g >= 1]
    found = {d: ranks[d] for d in relevant if d in ranks}
    ideal = sorted((g for g in qrels.values()), reverse=True)
    precision = lambda r: Fraction(sum(x <= r for x in found.values()), r)
    return {
        "ndcg_10": dcg((qrels.get(d, 0), r) for d, r in ranks.items())
        / dcg((g, i + 1) for i, g in enumerate(ideal)),
        "mrr_10": float(max((Fraction(1, r) for r in found.values() if r <= K), default=0)),
        "map": float(sum((precision(r) for r in found.values()), Fraction(0)) / len(relevant)),
        "recall_10": float(Fraction(sum(r <= K for r in found.values()), len(relevant))),
    }


queries = []
for _ in range(60):
    ids = random.sample([str(i) for i in range(200)] + ["a-%d" % i for i in range(50)], 40)
    judged = random.sample(ids, random.randint(1, 30))
    qrels = {d: random.choice([-1, 0, 0, 1, 1, 2, 3, 4]) for d in judged}
    qrels[judged[0]] = random.randint(1, 4)  # at least one is relevant
    retrieved = random.sample(ids, random.randint(0, 40))
    # Few values, so that there are ties.
    run = [(d, random.choice([-1.5, 0, 0.25, 1, 2, 2.5, 7, random.random()])) for d in retrieved]
    queries.append({"judged": qrels, "ids": [d for d, _ in run], "scores": [s for _, s in run],
                    "want": measures(qrels, run)})
Path(__file__).with_suffix(".json").write_text("[\n" + ",\n".join(map(json.dumps, queries)) + "\n]\n")
