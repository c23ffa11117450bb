package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

type helpAnswer struct {
	Help string `json:"help"`
}

func (h helpAnswer) people(w io.Writer) { fmt.Fprint(w, h.Help) }

// overview is `roost --help`. It fits a screen of 80 columns and 24 lines.
func overview(context.Context, *call) (answer, error) {
	var b strings.Builder
	b.WriteString("Roost keeps folders safe: encrypted here, versioned on storage that you own.\n\n")
	if hasWindow {
		line(&b, "", "open the window; --hidden: the tray alone")
	}
	for _, c := range commands() {
		if c.about != "" {
			line(&b, strings.Join(append([]string{c.name}, c.beside...), ", "), c.about)
		}
	}
	b.WriteString("\nEvery verb takes --json, --home DIR (also ROOST_HOME) and --help.\n")
	return helpAnswer{b.String()}, nil
}

func line(w io.Writer, name, about string) { fmt.Fprintf(w, "  %-25s  %s\n", "roost "+name, about) }

// explain is `roost VERB --help`.
func explain(_ context.Context, c *call) (answer, error) {
	var b strings.Builder
	for _, u := range c.command.usageLines() {
		b.WriteString(strings.ReplaceAll(strings.TrimSpace(wrap(u, 75)), "\n", "\n    ") + "\n")
	}
	b.WriteString("\n")
	for _, h := range c.command.helpTexts() {
		b.WriteString(wrap(h, 79)) // each of a group's begins with its verb
	}
	b.WriteString("\n")
	flags := c.command.allFlags()
	for _, sub := range c.command.subs {
		if sub.ownHelp {
			flags = slices.DeleteFunc(flags, func(f flag) bool { return hasFlag(sub.flags, f.name) })
			fmt.Fprintf(&b, "  %-24s its flags\n", sub.word()+" --help")
		}
	}
	for _, f := range append(flags[len(globalFlags):], globalFlags...) {
		fmt.Fprintf(&b, "  %-24s %s\n", f.usage(), f.help)
	}
	return helpAnswer{b.String()}, nil
}

func (c *command) helpTexts() []string {
	if c.subs == nil {
		return []string{c.help}
	}
	var texts []string
	for _, sub := range c.subs {
		text := sub.help
		if first, _, more := strings.Cut(text, ". "); more && sub.ownHelp { // the rest stands there
			text = first + "."
		}
		texts = append(texts, text)
	}
	return texts
}

// wrap breaks each paragraph into lines of at most width columns.
func wrap(text string, width int) string {
	var b strings.Builder
	for i, paragraph := range strings.Split(text, "\n\n") {
		if i > 0 {
			b.WriteString("\n")
		}
		column := 0
		for _, word := range strings.Fields(paragraph) {
			n := utf8.RuneCountInString(word)
			switch {
			case column == 0:
			case column+1+n > width:
				b.WriteByte('\n')
				column = 0
			default:
				b.WriteByte(' ')
				column++
			}
			b.WriteString(word)
			column += n
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// usage is the flag as a usage line shows it.
func (f flag) usage() string {
	switch {
	case f.bare:
		return "--" + f.name + " [" + f.arg + "]"
	case f.arg != "":
		return "--" + f.name + " " + f.arg
	}
	return "--" + f.name
}
