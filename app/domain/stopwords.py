"""Words too common to stand on a picture, of the languages most often written in Latin, Cyrillic or Greek letters."""

from __future__ import annotations

STOPWORDS: frozenset[str] = frozenset(
    # English
    """a about above across after again against all almost along already also although always am among an and
    another any anyone anything are around as at away back be became because become been before being below
    between both but by came can cannot come could did do does doing done down during each either else enough
    even ever every everyone everything few for from further gave get gets give given go goes going got had has
    have having he her here hers him his how however i if in instead into is isn't it it's its itself just
    keep kept know last least less let let's like made make makes making many may me might mine more most
    much must my near need never next no nobody none nor not nothing now of off often on once one only onto
    or other others our out over own per perhaps put quite rather really said same say says see seem she
    should since so some someone something sometimes soon still such take takes than that that's the their
    them then there there's these they thing things think this those though through thus till to together too
    toward towards under until up upon us use used using very want was way we well went were what when where
    whether which while who whom whose why will with within without would yes yet you your yours don't
    doesn't didn't can't won't you're we're they're i'm mean means meant somewhere anywhere everywhere""".split()
    # German
    + """aber alle allem allen aller alles als also am an andere anderen auch auf aus bei beim bis da damit dann
    das dass dein dem den denn der des deshalb die dies diese diesem diesen dieser dieses doch dort du durch
    ein eine einem einen einer eines er es etwa für gegen haben hat hatte hier ich ihr ihre im immer in ist
    ja jede jeden jeder jedes jetzt kann kein keine können man mehr mein mit muss nach nicht noch nur ob oder
    ohne sehr seit sein seine sich sie sind so sogar über um und uns unser unter viele vom von vor war waren
    was weil wenn wer werden wie wieder wir wird wo wurde wurden zu zum zur zwischen""".split()
    # French
    + """à afin alors après au aucun aussi autre aux avant avec avoir bien ce cela ces cet cette chaque chez comme
    comment dans de depuis des deux donc dont du elle elles en encore entre est et été être eux fait font il
    ils je jusque la le les leur leurs lui mais même mes moins mon ne nos notre nous on ont ou où par parce
    pas pendant peu peut peuvent plus pour pourquoi quand que quel quelle qui sa sans se ses si son sont sous
    sur ta tous tout toute toutes très tu un une vers vos votre vous""".split()
    # Spanish and Portuguese
    + """al algo antes aquí así aún aunque cada casi como con contra cual cuando de del desde donde durante e el
    ella ellos en entre era es esa ese eso esta está están este esto fue ha hace han hasta hay la las le lo
    los más me mi mientras muy ni no nos o otra otro para pero poco por porque pueden puede que qué quien se
    ser si sí sin sobre son su sus también tan tanto te tiene tienen toda todo todos tras tu un una uno y ya
    ao aos até com da das dele dos ela ele em essa esse foi isso isto já mais mas muito na não nas num ou
    pela pelo pode quando são sem seu seus sua suas também tem têm um uma você""".split()
    # Italian and Dutch
    + """agli ai alla alle anche ancora che chi ci col come con così da dai dal dalla degli dei del della delle di
    dove e è erano essere fa fino fra gli ha hanno il la le lo loro ma nei nel nella non o ogni per perché
    più può quando quella quello questa questo se senza si sia solo sono sotto su sua sue sugli sui sul sulla
    suo tra tutti tutto un una uno aan als bij daar dan dat de deze die dit door een en er geen haar hebben
    heeft het hij hoe hun ik in is jaar je kan maar meer met mijn moet naar niet nog of om omdat onder ook op
    over te tot uit van veel voor waar wanneer want waren wat we wel wordt worden ze zich zij zijn zo zou""".split()
    # Polish and Swedish
    + """aby ale bardzo bez być było co czy dla do gdy i ich ile jak jako jest już kiedy która które który lub ma
    mają może na nad nie niż o od oraz po pod przed przez przy się są tak także tam też to tylko tym w we
    więc wszystko z za ze że att av blev den det där efter eller ett från för ha han har hon här inte kan men
    mot mycket när och om på sig sin ska som till under ut var vi vid är över""".split()
    # Russian, Ukrainian and Greek
    + """без более бы был была были было быть в вам вас весь во вот все всё вы где для до его ее её если есть еще
    ещё же за здесь и из или им их к как какой когда которая которые который кто ли между меня мне много
    может мы на над надо не него нет ни но ну о об один однако он она они оно от по под после потому при про
    с сам свой себя со так также там то того тоже только тот у уже чем что чтобы эта эти это этот я але або
    від він вона вони воно зі і й його її їх ми під та те ти це цей що як яка які який αλλά αν από αυτά αυτές
    αυτή αυτό αυτός για δεν είναι ένα ένας έχει έχουν η ήταν θα και κάθε κατά με μετά μέχρι μια μας μπορεί να
    ο οι όπως όπου όταν ότι που πριν προς πως σαν σε στα στη στην στις στο στον στους τα τη την της τι τις το
    τον του τους των ως""".split()
)

# English. Behind a noun these follow a preposition or a comma; straight behind a word they open its object.
OBJECT_OPENERS = frozenset(
    """the a an it its them him us me his their our your my this these those some many every each no""".split()
)
