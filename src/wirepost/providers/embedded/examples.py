"""What each label of the fixed tasks looks like: a few sentences, from whose meaning others are judged.

Written for this purpose, not taken from the texts that accuracy is measured on. Neutral has none: it is
what is neither positive nor negative.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Examples = Mapping[str, Sequence[str]]
"""Label → sentences that deserve it."""

SENTIMENT: Examples = {
    "positive": (
        "I love it, it is wonderful.",
        "Excellent quality, I am very happy with it.",
        "Great service, thank you so much!",
        "Highly recommended, works perfectly.",
        "Ich bin begeistert, alles bestens.",
        "Très satisfait, c'est parfait.",
        "Muy contento, lo recomiendo.",
        "Ottimo prodotto, sono soddisfatto.",
        "Heel tevreden, aanrader.",
    ),
    "negative": (
        "I hate it, it is terrible.",
        "Poor quality, I am very disappointed.",
        "Bad service, a waste of money.",
        "Does not work, do not buy it.",
        "Ich bin enttäuscht, alles kaputt.",
        "Très déçu, ne marche pas.",
        "Muy decepcionado, no lo recomiendo.",
        "Pessimo prodotto, sono deluso.",
        "Erg teleurgesteld, een afrader.",
    ),
}

URGENCY: Examples = {
    "low": (
        "Just a remark, no answer needed.",
        "Whenever you have time, it is not important.",
        "A suggestion for the future.",
        "Nur ein Hinweis, es eilt nicht.",
        "Ce n'est pas pressé.",
        "No corre prisa.",
        "Non c'è fretta.",
        "Het heeft geen haast.",
    ),
    "normal": (
        "When will my order arrive?",
        "I would like to return an item.",
        "Could you please send me the invoice?",
        "Wann wird meine Bestellung geliefert?",
        "Pouvez-vous m'envoyer la facture ?",
        "¿Cuándo llega mi pedido?",
        "Vorrei restituire un articolo.",
        "Kunt u mij de factuur sturen?",
    ),
    "high": (
        "Urgent! I need an answer today.",
        "This is an emergency, please call me immediately.",
        "It is dangerous: it caught fire and somebody was hurt.",
        "Dringend, bitte sofort antworten!",
        "Très urgent, répondez immédiatement.",
        "Es urgente, respondan hoy mismo.",
        "Urgente, rispondete subito!",
        "Dringend, reageer onmiddellijk!",
    ),
}
