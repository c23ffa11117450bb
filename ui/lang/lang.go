// Package lang says the window's texts in the language that a person chose.
//
// It has the functions of Fyne's package of this name, which can only follow the system: the English sentence is the key of
// its translations, and stands where there is none.
package lang

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/jeandeaual/go-locale"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"

	"roost/assets"
)

// System is the language that the system has, or English where there are no translations into that.
const System = "system"

var (
	mu      sync.RWMutex    // guards below
	used    *i18n.Localizer // nil until Use
	english = i18n.NewLocalizer(i18n.NewBundle(language.English), "en")
)

// bundle holds all translations.
var bundle = sync.OnceValues(func() (*i18n.Bundle, error) {
	b := i18n.NewBundle(language.English)
	b.RegisterUnmarshalFunc("json", json.Unmarshal)
	files, err := assets.Translations.ReadDir(assets.TranslationsDir)
	if err != nil {
		return nil, fmt.Errorf("load translations: %w", err)
	}
	for _, f := range files {
		data, err := assets.Translations.ReadFile(assets.TranslationsDir + "/" + f.Name())
		if err == nil {
			_, err = b.ParseMessageFileBytes(data, f.Name())
		}
		if err != nil {
			return nil, fmt.Errorf("load translations: %w", err)
		}
	}
	return b, nil
})

// Use makes a language the one of all texts from now on: System, or a tag such as "de". One that this computer has no letters
// for gives way to the next, and to English in the end; legible is asked about few of them, since that may take a moment.
func Use(chosen string, legible func(tag string) bool) error {
	b, err := bundle()
	if err != nil {
		return err
	}
	tag := chosen
	switch {
	case chosen == System:
		tag = systems(b.LanguageTags(), legible)
	case !legible(chosen):
		tag = "en"
	}
	mu.Lock()
	defer mu.Unlock()
	used = i18n.NewLocalizer(b, tag)
	return nil
}

// systems is the first of the system's languages that there are translations into.
func systems(there []language.Tag, legible func(tag string) bool) string {
	names, err := locale.GetLocales()
	if err != nil {
		return "en"
	}
	for _, name := range names {
		tag, err := language.Parse(name)
		if err != nil {
			continue // no language that anybody knows
		}
		base, _ := tag.Base()
		if slices.ContainsFunc(there, func(t language.Tag) bool { b, _ := t.Base(); return b == base }) && legible(base.String()) {
			return base.String()
		}
	}
	return "en"
}

// L says a sentence. Its {{.Names}} are filled from data, a map or a struct.
func L(sentence string, data ...any) string { return X(sentence, sentence, data...) }

// N says a sentence about a count, which may have a form of its own.
func N(sentence string, count int, data ...any) string { return XN(sentence, sentence, count, data...) }

// X says what a key stands for, where one English text has several translations.
func X(key, english string, data ...any) string { return say(key, english, nil, data) }

// XN is N with a key.
func XN(key, english string, count int, data ...any) string { return say(key, english, count, data) }

func say(key, text string, count any, data []any) string {
	mu.RLock()
	l := used
	mu.RUnlock()
	if l == nil {
		l = english
	}
	c := i18n.LocalizeConfig{DefaultMessage: &i18n.Message{ID: key, Other: text}, PluralCount: count}
	if len(data) > 0 {
		c.TemplateData = data[0]
	}
	said, err := l.Localize(&c)
	if err != nil && said == "" { // a template that does not fit its data: a test finds it before
		return text
	}
	return said
}
