"""What the words are about, and which compositions show it."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Theme:
    """`stems` match the beginnings of words, in any letter case; `compositions` come best first.

    `has_no_view`: no landscape shows it, and any would show something else.
    """

    name: str
    stems: tuple[str, ...]
    compositions: tuple[str, ...]
    has_no_view: bool = False


def theme(name: str, stems: str, compositions: str, *, has_no_view: bool = False) -> Theme:
    return Theme(name, tuple(stems.split()), tuple(compositions.split()), has_no_view)


# Each theme with a view names at least one composition of each deck (see choice.py), so that no scene is left without
# an answer.
THEMES = (
    theme(
        "volcano",
        "volcan vulkan vulcan вулкан ηφαίστει wulkan magma lava erupt éruption krakat crater pumice",
        "volcano ridges strata rays contours facets bubbles",
    ),
    theme(
        "fire",
        "fire flame burn blaze feuer feu fuego fuoco огонь φωτιά hot heat hitze chaleur ash",
        "volcano dunes rays flow halftone facets",
    ),
    theme(
        "ocean",
        "sea seas ocean water wave tide river lake rain ship ships sail sailor sailing fish coast beach island harbour "
        "harbor port ports ferry ferries boat boats vessel lighthouse storm flood wasser meer fluss hafen "
        "fähre schiff sturm puerto barco tormenta porto nave tempesta bateau tempête "
        "mer eau océan agua mar océano acqua mare вода море океан θάλασσα νερό drink swim",
        "sea flow aurora bubbles halftone",
    ),
    theme(
        "space",
        "space star stars planet moon mars earth orbit rocket galax universe cosm astro nasa apollo satellite "
        "comet gravity hole weltraum mond erde stern espace lune terre espacio luna estrella spazio космос "
        "луна звезд земл γη σελήνη διάστημα",
        "planet aurora orbits halftone clock",
    ),
    theme(
        "mountain",
        "mountain peak summit hill climb alp alps everest berg montagne montaña montagna гор βουνό trail hike",
        "ridges forest contours aurora facets",
    ),
    theme(
        "ground",
        "rock rocks stone soil ground layer mineral fossil geolog dig mine crust boden gestein sol roche "
        "suelo roca почв камн έδαφος gold crystal diamond",
        "strata dunes contours facets",
    ),
    theme(
        "desert",
        "desert sand dune dry drought sahara wüste désert desierto deserto пустын sunset sunrise",
        "dunes ridges rays halftone",
    ),
    theme(
        "cold",
        "ice snow cold frost winter arctic glacier antarct freez eis schnee glace neige hielo nieve лед снег зим",
        "ridges forest aurora facets",
    ),
    theme(
        "growth",
        "plant grow seed garden leaf leaves tree forest wood farm harvest crop nature flower bloom green "
        "pflanze wald baum garten forêt arbre plante bosque árbol planta лес дерев раст δέντρο φυτ",
        "forest ridges contours leaves",
    ),
    theme(
        "city",
        "city cities town street build built skyscraper urban house architect road bridge stadt ville ciudad "
        "città город πόλη metro traffic rome roman london paris empire",
        "city network blocks bauhaus",
    ),
    theme(
        "food",
        "cook food eat recipe kitchen bake bread dough flour sugar salt butter onion garlic sauce taste "
        "flavour flavor simmer boil oven pan soup spice stir dish meal dinner egg eggs cheese meat rice "
        "küche kochen essen cuisine cuire cocina comer cucina "
        "кухн ед φαγητό coffee tea",
        "bubbles leaves flow rays",
        has_no_view=True,
    ),
    theme(
        "business",
        "business market sale sales revenue profit customer company startup invest money price growth economy "
        "bank budget trade econom percent prozent quarter geschäft umsatz marché entreprise mercado empresa "
        "рынок компан αγορά",
        "city network flow blocks tiles clock",
    ),
    theme(
        "code",
        "code software program python comput data server algorithm ai model bug deploy database internet web "
        "app digital test api machine robot daten rechner logiciel données datos software код данн κώδικας",
        "city network flow tiles blocks",
    ),
    theme(
        "body",
        "health heart blood brain body cell cells sleep breath muscle immun doctor medic virus vaccin herz "
        "gesund santé cœur corps salud corazón cuerpo здоров сердц υγεία καρδιά exercise walk vitamin protein",
        "sea aurora soundlines network bubbles leaves",
    ),
    theme(
        "sound",
        "sound hear heard music voice song noise listen loud signal radio musik ton musique son música sonido "
        "звук музык ήχος μουσική language word speak talk",
        "sea soundlines halftone",
    ),
    theme(
        "time",
        "time hour minute year years century centuries decade day clock history ancient age era zeit jahr "
        "stunde temps heure année siècle tiempo año siglo tempo anno время год век χρόνος χρόνια",
        "dunes orbits rays clock",
    ),
    theme(
        "people",
        "people person team friend family community everyone human society menschen leute gens peuple gente "
        "люд народ άνθρωπ",
        "network bubbles",
        has_no_view=True,
    ),
    theme(
        "vehicles",
        "car cars engine motor brake vehicle mechanic garage tyre tire wheel truck lorry bus bike bicycle auto autos "
        "werkstatt voiture coche macchina",
        "clock orbits facets network bauhaus",
        has_no_view=True,
    ),
    theme(
        "devices",
        "phone phones smartphone telephone laptop tablet device gadget screen display camera battery keyboard printer "
        "headphone gerät handy téléphone teléfono",
        "tiles network halftone bauhaus",
        has_no_view=True,
    ),
    theme(
        "politics",
        "politic election elect vote votes voter parliament government minister president senate congress law laws "
        "court judge tax taxes policy treaty wahl regierung gesetz gouvernement gobierno governo",
        "bauhaus network halftone contours",
        has_no_view=True,
    ),
    theme(
        "light",
        "light sun energy power electric bright solar idea think learn licht sonne lumière soleil luz sol "
        "свет солнц φως ήλιος",
        "ridges rays orbits bauhaus halftone",
    ),
    theme(
        "motion",
        "wind air move speed flow travel journey fly weather current wind vent viento ветер άνεμος train plane",
        "dunes flow contours clock",
    ),
)


def themes_of(text: str) -> tuple[Theme, ...]:
    """The themes that the text touches, the most often named first; ties go to the earlier, more pictorial theme."""
    words = re.findall(r"[^\W\d_]+", text.lower())
    counted = []
    for order, candidate in enumerate(THEMES):
        hits = sum(any(matches(word, stem) for stem in candidate.stems) for word in words)
        if hits:
            counted.append((-hits, order, candidate))
    return tuple(found for _, _, found in sorted(counted, key=lambda entry: entry[:2]))


def matches(word: str, stem: str) -> bool:
    """A short stem must be the word itself (or its plural), so that “mar” does not find “market”."""
    if len(stem) <= 4:
        return word in (stem, stem + "s")
    return word.startswith(stem)
