package main

import "strings"

// nearest returns the name that a mistyped word is most likely meant to be, if any is like it.
func nearest(word string, names []string) (meant string, ok bool) {
	word = strings.ToLower(word)
	best, begun := 1+min(2, len(word)/2), "" // more slips than that make another word
	for _, name := range names {
		if far := distance(word, name); far < best {
			meant, best = name, far
		}
		if strings.HasPrefix(name, word) {
			begun += " " + name
		}
	}
	if only := strings.Fields(begun); meant == "" && len(only) == 1 {
		meant = only[0]
	}
	return meant, meant != ""
}

// distance counts the slips that make b of a: a letter too many, one that is missing, a wrong one,
// or two that changed places.
func distance(a, b string) int {
	before, row := []int(nil), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range len(b) {
			next[j+1] = min(row[j+1]+1, next[j]+1)
			if a[i] == b[j] {
				next[j+1] = min(next[j+1], row[j])
			} else {
				next[j+1] = min(next[j+1], row[j]+1)
			}
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
