"""Words whose final stop is part of the word, and words that open sentences: what tells `St. Helens` from an end.

All entries are case-folded and stand without their last stop (`e.g`, `dr`). Languages share one table on
purpose: the caller's language is a wish, texts mix languages, and the few clashes (`no`, `st`, `sr`) are
settled by the word that follows.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Capitalised, a name follows; in small letters most of them are ordinary words.
TITLES = _words(
    "mr mrs ms dr prof st mt ft gen sen rep gov capt lt col sgt cmdr adm maj rev hon pres supt messrs hr fr frl dipl "
    "mm mme mmes mlle mlles sr sra srta sres dra dña ud uds sig sig.ra dott ecc.mo exmo exma dhr mevr drs inż mgr "
    "hrn dipl.-ing dipl.-kfm pfr gebr msgr ste excmo ilmo avv dott.ssa prof.ssa sig.na cpl pvt "
    "г-н г-жа проф акад"
)

# The rest of a title (`Dr. rer. nat. Meier`); elsewhere some are words (Swedish `med`) or names (`Phil`).
DEGREES = _words("med phil jur rer nat pol oec theol habil h.c ing dent vet mult techn publ iur")

# Something always follows: an example, a name, an explanation.
NEVER_FINAL = _words(
    "e.g i.e vs cf viz approx resp z.b d.h u.a o.ä bzw ggf evtl inkl exkl zzgl sog vgl geb gest "
    "z.bsp z.t z.zt zzt d.i i.d.r u.u v.a bspw bzgl betr insb insbes einschl ausschl abzgl eigtl urspr vmtl "
    "hrsg dt engl frz österr incl excl esp c.-à-d séc dvs см ср ул "
    "p.ex av éd p.ej bijv d.w.z o.a i.p.v t.ex bl.a f.eks np tzn tzw ul godz např tzv т.е т.к напр им стр"
)

# The same, but only after the word before them: alone they are words of some language (`Ich mag es.`).
NEVER_FINAL_PAIRS = _words("ad_es per_es por_ej p._ej por_ex par_ex zum_bsp zum_beisp")

# Abbreviations that need a number after them; otherwise they are ordinary words (`No.`) or end a sentence.
BEFORE_NUMBER = _words(
    "no nos nr núm art p pp pág págs pag fig figs eq eqs vol ch chap sec abs kap abb bd kl tel § č "
    "env mind ок cca omkr tab tabl cap pagg blz afb ziff abschn anm tél tfno télf lfd hsnr "
    "рис табл гл п с"
)

# They often stand in a sentence and may just as well end it: the next word decides.
MAYBE_FINAL = _words(
    "etc al max min est ext dept inc ltd co corp bros llc plc jr sr esq ph.d m.d b.a m.a b.sc m.sc a.m p.m u.s u.k "
    "u.s.a e.u u.n d.c b.c a.d b.c.e c.e ave blvd rd sq jan feb mar apr jun jul aug sep sept oct nov dec "
    "usw u.s.w u.ä etw jh jhd v.chr n.chr ee.uu a.c d.c s.a s.l ecc enz m.fl osv itp itd m.in atd "
    "ca mio mrd tsd ing mag lic arq lt aprox ltda cie avda dpto depto hnos gral assoc univ intl natl orig misc "
    "j.-c m.m o.s.v "
    "г гг в вв руб тыс млн млрд т.д т.п др"
)

# Behind a number they are its unit and the next word decides; elsewhere they are words (`the mill.`, `come in.`).
AFTER_NUMBER = _words(
    "bio mill mil mld mln bn bln tn tril tis tys std stk sek hr hrs min mins sec secs ft in lb lbs oz yd yds mi gal qt "
    "pt tbsp tsp pct kr zł"
)

# What a number is read together with, stops left out. A caption parts them only when it must.
UNITS = AFTER_NUMBER - {"in", "mi"} | _words(
    "% ‰ € $ £ ¥ ° °c °f k mm cm dm m km mm² cm² m² km² m³ km³ ha g mg kg t l ml cl h s ms w kw mw gw kwh hz khz mhz "
    "ghz kb mb gb tb px km/h m/s mph mbit/s a.m p.m uhr mio mrd tsd "
    "percent prozent procent thousand million millions billion billions trillion tausend millionen milliarde "
    "milliarden mille millón millones mil milhão milhões millions milliard milliards milioni miliardi miljoen miljard "
    "euro euros dollar dollars pound pounds franken francs meter meters metre metres mètres metros metri kilometer "
    "kilometers kilometre kilometres kilomètres kilómetros quilômetros chilometri miles feet inches kilo kilos gramm "
    "grams grammes gramos tons tonnes tonnen toneladas liter liters litres litros degrees grad degrés grados hours "
    "stunden heures horas minutes minuten minutos seconds sekunden secondes segundos days tage jours días years jahre "
    "jahren ans años anos anni jaar тыс млн млрд руб рублей км м кг г лет процентов "
    # Thai sets a space between a number and its counter.
    "คน ตัว อัน บาท ปี วัน เดือน ครั้ง เมตร กิโลเมตร เปอร์เซ็นต์ ล้าน นาที ชั่วโมง ดวง ลูก เล่ม คัน แห่ง"
)

MONTHS = _words(
    "jan feb mar apr may jun jul aug sep sept oct nov dec january february march april june july august "
    "september october november december januar jänner februar märz mai juni juli oktober dezember "
    "januari februari maart april juni juli augustus"
)

# Capitalised, these nearly always open a sentence. Nouns and names never belong here.
SENTENCE_OPENERS = _words(
    # English
    "a an the this that these those it its he his she her they their them we our us you your i my me there here "
    "and but or nor so yet for if when while as at by from in into of on to with without after before although "
    "because since though unless until where who what why how which whose not no yes all any both each every "
    "few many most much none one some several such two three then thus hence however therefore moreover "
    "meanwhile finally first second next also even just only still now today is are was were do does did can "
    "could will would should may might must let please under over during despite instead perhaps maybe once "
    # German
    "der die das den dem des ein eine einen einem einer er sie es wir ihr ich du man und aber oder doch denn "
    "wenn als wie wo was wer warum weil da dann so auch nur noch schon jetzt hier dort im am um bei mit nach "
    "von vor zu zum zur seit durch für gegen ohne über unter zwischen diese dieser dieses sein seine ihre nicht kein "
    "heute damals danach deshalb trotzdem jedoch außerdem ist sind war waren hat haben "
    # French
    "le la les l' un une des du de d' ce cet cette ces c'est il elle ils elles on nous vous je tu et mais ou donc "
    "or ni car si quand comme où qui que quoi pourquoi dans en sur sous avec sans pour par après avant depuis "
    "pendant puis alors ainsi aussi son sa ses leur leurs mon ma mes notre nos tout tous "
    # Spanish, Portuguese, Italian
    "el los las lo una unos unas este esta estos estas ese esa eso y e pero o u si cuando como donde quien qué "
    "con sin por para desde hasta entre sobre tras su sus mi tu yo ella ellos nosotros no también ya es son fue "
    "o os as um uma ele eles nós mas se quando onde com sem em no na nos nas ao depois antes "
    "il lo gli uno io noi loro ma però che chi dove con senza per tra fra dopo prima nel nella al alla questo questa "
    # Dutch
    "de het een hij zij ze wij jullie ik en maar of want als toen waar wie wat in op aan met voor van naar bij "
    # Russian
    "он она оно они мы вы я ты это этот эта эти и а но или если когда как где кто что в во на с со к по из за от "
    "для до после при без также потом затем однако тогда там здесь не нет да"
)

# A long sentence may be cut before one of these when it has no punctuation to cut at.
CONJUNCTIONS = _words(
    "and but or nor so yet because although though while whereas which who whose where when unless until since "
    "und aber oder denn weil obwohl während sondern dass wenn "
    "et mais ou donc car parce lorsque quand tandis qui dont où "
    "y pero o porque aunque mientras cuando que donde e mas ou embora enquanto quando onde "
    "ma oppure perché mentre quando dove en maar omdat hoewel terwijl "
    "и а но или потому который которая которые когда где чтобы"
)
