package ignore

import (
	"strings"

	"github.com/git-pkgs/gitignore"
)

// pattern is one line that says something.
type pattern struct {
	line    int    // in its file, from 1
	text    string // the line as it was written
	back    bool   // it began with "!": what matches is kept
	all     bool   // it matches every name in its directory
	tail    string // what a name ends with that it matches: most names are out after this
	matcher *gitignore.Matcher
}

// mark ends every pattern that the library gets, and the name it is asked about. No name holds it.
//
// To the library a pattern also matches what is below a match, which git leaves to the walk: there "*" with "!keep/"
// brings back the directory keep and nothing in it, to the library all that it holds. With the mark only the last name
// of a path can match the last name of a pattern, as git has it.
const mark = "\x00"

// compile reads a line; nil without a fault when it says nothing.
func compile(line string) (*pattern, Fault) {
	if strings.HasPrefix(line, "#") {
		return nil, None
	}
	if len(line) > maxLine {
		return nil, LongLine
	}
	body := trimSpaces(line)
	if body == "" {
		return nil, None
	}
	p := &pattern{text: line}
	body, p.back = strings.CutPrefix(body, "!")
	body, dirOnly := strings.CutSuffix(body, "/")
	body, ok := rewrite(body)
	if !ok {
		return nil, BadPattern
	}
	switch strings.TrimPrefix(body, "/") {
	case "*", "**", "**/*":
		p.all = !dirOnly
	}
	p.tail = body[strings.LastIndexAny(body, `/*?[]\`)+1:] + mark
	body += mark
	if dirOnly {
		body += "/"
	}
	p.matcher = gitignore.New("")
	p.matcher.AddPatterns([]byte(body), "")
	if len(p.matcher.Errors()) > 0 {
		return nil, BadPattern
	}
	return p, None
}

// matches says whether p is about the name at the end of path. Both bear the mark, and path, for a directory, a slash
// behind it.
func (p *pattern) matches(path, name string) bool {
	return strings.HasSuffix(name, p.tail) && p.matcher.Match(path)
}

// rewrite returns a pattern, without "!" before it and the slash behind it, in such words that the library does with it
// what git does. ok is false when nothing can match it.
func rewrite(body string) (_ string, ok bool) {
	if body == "" || strings.HasPrefix(body, `\/`) { // a protected slash is part of a name
		return "", false
	}
	if body, ok = plainSlashes(body); !ok {
		return "", false
	}
	if strings.Contains(body, "/") {
		body = plainStars(body)
	}
	if body[0] == '!' || body[0] == '#' { // it stood behind a "!", and is a letter there
		body = `\` + body
	}
	return body, true
}

// trimSpaces cuts spaces from the end of a line, but not one after a backslash.
func trimSpaces(line string) string {
	end := 0 // after the last byte that stays
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case ' ':
			continue
		case '\\':
			i++
		}
		end = i + 1
	}
	return line[:min(end, len(line))]
}

// plainSlashes takes the backslash from before a slash inside a pattern, where it changes nothing. whole is false when a backslash at
// the end has nothing to protect.
func plainSlashes(body string) (plain string, whole bool) {
	if !strings.Contains(body, `\`) {
		return body, true
	}
	var b strings.Builder
	for i := 0; i < len(body); i++ {
		if body[i] == '\\' {
			switch {
			case i+1 == len(body):
				return "", false
			case body[i+1] != '/':
				b.WriteByte(body[i])
			}
			i++
		}
		b.WriteByte(body[i])
	}
	return b.String(), true
}

// plainStars writes more than two stars between slashes as two, which mean the same to git, and two at the end as "any
// name at any depth".
func plainStars(body string) string {
	names := strings.Split(body, "/")
	for i, name := range names {
		if len(name) > 2 && strings.Trim(name, "*") == "" {
			names[i] = "**"
		}
	}
	if names[len(names)-1] == "**" {
		names = append(names, "*")
	}
	return strings.Join(names, "/")
}
