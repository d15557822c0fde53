package search

// answer is what a part of a query is found in: certainly and possibly, of which the certain are a part. A part that is
// exact is certain wherever it is possible, and has one set for both.
type answer struct {
	certain  set // nil: exact
	possible set
}

func exact(s set) answer { return answer{possible: s} }

// surely gives the numbers that certainly match.
func (a answer) surely() set {
	if a.certain == nil {
		return a.possible
	}
	return a.certain
}

// and leaves what both are found in. The sets of a are used up.
func (a answer) and(b answer) answer {
	if a.certain == nil && b.certain != nil {
		a.certain = a.possible.clone()
	}
	if a.certain != nil {
		a.certain.and(b.surely())
	}
	a.possible.and(b.possible)
	return a
}

// or adds what the other is found in. The sets of a are used up.
func (a answer) or(b answer) answer {
	if a.certain == nil && b.certain != nil {
		a.certain = a.possible.clone()
	}
	if a.certain != nil {
		a.certain.or(b.surely())
	}
	a.possible.or(b.possible)
	return a
}

// outside gives what is in a set and not in the answer: not certainly what is possible, and not possibly what is
// certain.
func (a answer) outside(of set) answer {
	if a.certain == nil {
		return exact(of.without(a.possible))
	}
	return answer{certain: of.without(a.possible), possible: of.without(a.certain)}
}

// only leaves what is in a set.
func (a answer) only(s set) answer {
	if a.certain != nil {
		a.certain.and(s)
	}
	a.possible.and(s)
	return a
}

func (a answer) clone() answer {
	out := answer{possible: a.possible.clone()}
	if a.certain != nil {
		out.certain = a.certain.clone()
	}
	return out
}
