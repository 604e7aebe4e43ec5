"""A small corpus in CoNLL-U, and the tiny transformer."""

import pytest
from tiny_transformer import save_tiny

HEAD = """# newdoc id = news-1
# sent_id = a1
1	The	the	DET	DT	Definite=Def|PronType=Art	2	det	_	_
2	dogs	dog	NOUN	NNS	Number=Plur	3	nsubj	_	_
3-4	don't	_	_	_	_	_	_	_	_
3	do	do	AUX	VBP	Mood=Ind	5	aux	_	_
4	n't	not	PART	RB	_	5	advmod	_	_
5	sleep	sleep	VERB	VB	VerbForm=Inf	0	root	_	SpaceAfter=No
5.1	sleep	sleep	VERB	VB	_	_	_	_	_
6	.	.	PUNCT	.	_	5	punct	_	_

# sent_id = a2
1	Barking	bark	VERB	VBG	VerbForm=Ger	0	root	_	_
2	at	at	ADP	IN	_	4	case	_	_
3	a	a	DET	DT	Definite=Ind	4	det	_	_
4	cat	cat	NOUN	NN	Number=Sing	1	obl	_	SpaceAfter=No
5	!	!	PUNCT	.	_	1	punct	_	_

# newdoc id = blog-7
# sent_id = b1
1	Cats	cat	NOUN	NNS	Number=Plur	2	nsubj	_	_
2	sleep	sleep	VERB	VBP	Tense=Pres	0	root	_	_
3	in	in	ADP	IN	_	5	case	_	_
4	the	the	DET	DT	Definite=Def	5	det	_	_
5	park	park	NOUN	NN	Number=Sing	2	obl	_	SpaceAfter=No
6	.	.	PUNCT	.	_	2	punct	_	_
"""


def more(n: int) -> str:
    """Sentences of a few forms, in documents of five; no two are equal, so that no two values are."""
    lines = []
    for i in range(n):
        if i % 5 == 0:
            lines.append(f"# newdoc id = {('mail', 'novel')[i % 2]}-{i}")
        noun, verb = ("dog", "cat", "bird")[i % 3] + chr(97 + i % 26), ("runs", "sleeps", "sings", "barked")[i % 4]
        rows = [("A" if i % 2 else "The", "DET", 2), (noun, "NOUN", 3), (verb, "VERB", 0)]
        rows += [("in", "ADP", 6), ("the", "DET", 6), ("park", "NOUN", 3)] * (i % 3 == 0) + [(".", "PUNCT", 3)]
        lines.append(f"# sent_id = m{i}")
        lines += [f"{k}\t{w}\t{w.lower()}\t{tag}\t_\t_\t{head}\tdep\t_\t_" for k, (w, tag, head) in enumerate(rows, 1)]
        lines.append("")
    return "\n".join(lines)


@pytest.fixture(scope="session")
def conllu(tmp_path_factory):
    """A file of 43 sentences."""
    file = tmp_path_factory.mktemp("corpus") / "small.conllu"
    file.write_text(HEAD + "\n" + more(40), encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory):
    """The tiny transformer as a folder."""
    return save_tiny(tmp_path_factory.mktemp("models") / "tiny")
