package main

import (
	"context"
	"fmt"
	"io"
)

func phraseCommand() *command {
	return &command{name: "phrase", about: "the 24 recovery words: show, check", subs: []*command{
		{
			name: "phrase show", run: phraseShow,
			help: "show: the words on this screen. Whoever reads them and reaches your storage has your files.",
		},
		{
			name: "phrase check", usage: []string{"[--words-file F]"}, run: phraseCheck,
			help:  "check: are these the words of this backup?",
			flags: []flag{{name: "words-file", arg: "F", help: "read the words from F; - is standard input"}},
		},
	}}
}

type phraseAnswer struct {
	Words []string `json:"words"`
}

func phraseShow(ctx context.Context, c *call) (a answer, err error) {
	err = c.work(ctx, func(e engine) error {
		words, err := e.Words(ctx)
		if err != nil {
			return err
		}
		a = phraseAnswer{words}
		return nil
	})
	return a, err
}

func (a phraseAnswer) people(w io.Writer) { fmt.Fprint(w, wordGrid(a.Words)) }

type checkedAnswer struct {
	OK bool `json:"ok"`
}

func phraseCheck(ctx context.Context, c *call) (a answer, err error) {
	text, err := c.recoveryWords(ctx)
	if err != nil {
		return nil, err
	}
	err = c.work(ctx, func(e engine) error {
		if err := e.CheckWords(ctx, text); err != nil {
			return err
		}
		a = checkedAnswer{OK: true}
		return nil
	})
	return a, err
}

func (checkedAnswer) people(w io.Writer) { fmt.Fprintln(w, "These are the words of this backup.") }
