package ui

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"roost/assets"
)

// pluralForms are the forms that a language's counts take.
var pluralForms = map[string][]string{
	"en": {"one", "other"},
	"de": {"one", "other"},
	"es": {"one", "many", "other"},
	"fr": {"one", "many", "other"},
	"ja": {"other"},
}

// languages are those that the tests draw. Japanese is not: a test has Roost's own fonts only, and its letters come from the
// system's.
func languages() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(pluralForms)), func(tag string) bool { return tag == "ja" })
}

// used is what the source asks the translations for.
type used struct {
	english string
	plural  bool
	at      token.Position
}

// sourceKeys reads every call of lang.L, N, X and XN below this package.
func sourceKeys(t *testing.T) map[string]used {
	t.Helper()
	keys := make(map[string]used)
	files := token.NewFileSet()
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		parsed, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			name := langCall(call)
			if name == "" {
				return true
			}
			at := files.Position(call.Pos())
			key, err := literal(call.Args[0])
			if err != nil {
				if function := enclosing(parsed, call.Pos()); function != "translated" {
					t.Errorf("%v: a key that is not written out cannot be translated", at)
				}
				return true
			}
			u := used{key, name == "N" || name == "XN", at}
			if name == "X" || name == "XN" {
				if u.english, err = literal(call.Args[1]); err != nil {
					t.Errorf("%v: the English text is not written out", at)
				}
			}
			if before, twice := keys[key]; twice && (before.english != u.english || before.plural != u.plural) {
				t.Errorf("%v: %q is used differently at %v", at, key, before.at)
			}
			keys[key] = u
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) == 0 {
		t.Fatal("the source has no texts")
	}
	return keys
}

func langCall(call *ast.CallExpr) string {
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	pkg, ok := selector.X.(*ast.Ident)
	if !ok || pkg.Name != "lang" || !slices.Contains([]string{"L", "N", "X", "XN"}, selector.Sel.Name) {
		return ""
	}
	return selector.Sel.Name
}

func literal(e ast.Expr) (string, error) {
	lit, ok := e.(*ast.BasicLit)
	if !ok {
		return "", fmt.Errorf("%T is no literal", e)
	}
	return strconv.Unquote(lit.Value)
}

func enclosing(file *ast.File, at token.Pos) string {
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Pos() <= at && at < f.End() {
			return f.Name.Name
		}
	}
	return ""
}

// translation is a locale's file: a text, or one for each plural form.
type translation map[string]map[string]string

func readTranslation(t *testing.T, locale string) translation {
	t.Helper()
	data, err := assets.Translations.ReadFile(assets.TranslationsDir + "/" + locale + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		t.Fatalf("%s: %v", locale, err)
	}
	all := make(translation)
	for key, value := range raw {
		var text string
		if json.Unmarshal(value, &text) == nil {
			all[key] = map[string]string{"": text}
			continue
		}
		forms := make(map[string]string)
		if err := json.Unmarshal(value, &forms); err != nil {
			t.Fatalf("%s: %q: %v", locale, key, err)
		}
		all[key] = forms
	}
	return all
}

func TestEveryTextIsTranslatedWithItsPlaceholders(t *testing.T) {
	keys, engine := sourceKeys(t), engineTexts(t)
	for locale, forms := range pluralForms {
		texts := readTranslation(t, locale)
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			use := keys[key]
			given, ok := texts[key]
			if !ok {
				if locale != "en" || use.plural {
					t.Errorf("%s lacks %q", locale, key)
				}
				continue
			}
			wanted := []string{""}
			if use.plural {
				wanted = forms
			}
			if got := slices.Sorted(maps.Keys(given)); !slices.Equal(got, slices.Sorted(slices.Values(wanted))) {
				t.Errorf("%s: %q has the forms %q, want %q", locale, key, got, wanted)
			}
			for form, text := range given {
				checkPlaceholders(t, locale, key, form, use.english, text)
			}
		}
		for key := range texts {
			if _, ok := keys[key]; !ok && !engine[key] {
				t.Errorf("%s has %q, which nothing uses", locale, key)
			}
		}
	}
}

var placeholder = regexp.MustCompile(`\{\{\.[A-Za-z]+\}\}`)

// noughtIsOne are the languages that say nought as they say one: there, "one" must not write its number out.
var noughtIsOne = []string{"fr"}

// checkPlaceholders wants the same placeholders. "One" may write its number out where it is always the same.
func checkPlaceholders(t *testing.T, locale, key, form, english, text string) {
	t.Helper()
	want, got := placeholder.FindAllString(english, -1), placeholder.FindAllString(text, -1)
	slices.Sort(want)
	slices.Sort(got)
	if form == "one" && !slices.Contains(noughtIsOne, locale) {
		counted := func(s string) bool { return s == "{{.Count}}" || s == "{{.Number}}" }
		want, got = slices.DeleteFunc(want, counted), slices.DeleteFunc(got, counted)
	}
	if !slices.Equal(slices.Compact(want), slices.Compact(got)) {
		t.Errorf("%s: %q (%s) has the placeholders %v, want %v", locale, key, form, got, want)
	}
	if strings.TrimSpace(text) == "" && key != "number.group" { // which may be a space
		t.Errorf("%s: %q is empty", locale, key)
	}
}

// sayingFields are what a Problem and an Activity say.
var sayingFields = []string{"Title", "Text", "Action"}

// wholeSentence tells a sentence from a part of one.
var wholeSentence = regexp.MustCompile(`^[A-Z][^%]*[^% ]$`)

// engineTexts are the sentences of the engine's problem table, which translated looks up.
func engineTexts(t *testing.T) map[string]bool {
	t.Helper()
	texts := make(map[string]bool)
	for _, name := range []string{"problem.go", "facts.go", "traffic.go", "status.go", "nodes.go", "hold.go", "limit.go", "activity.go", "doctor.go", "doctor_cluster.go", "../packaging/kit/install/problem.go"} {
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "syncer", name), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit: // this file has whole sentences wherever it has words
				if text, err := literal(n); err == nil && (name == "hold.go" || strings.HasPrefix(name, "doctor")) && wholeSentence.MatchString(text) {
					texts[text] = true
				}
			case *ast.AssignStmt:
				for i, left := range n.Lhs {
					if field, ok := left.(*ast.SelectorExpr); ok && i < len(n.Rhs) && slices.Contains(sayingFields, field.Sel.Name) {
						if text, err := literal(n.Rhs[i]); err == nil {
							texts[text] = true
						}
					}
				}
			case *ast.KeyValueExpr:
				if field, ok := n.Key.(*ast.Ident); ok && slices.Contains(sayingFields, field.Name) {
					if text, err := literal(n.Value); err == nil {
						texts[text] = true
					}
				}
			case *ast.BinaryExpr: // a sentence that follows another one
				if text, err := literal(n.Y); err == nil && name != "activity.go" && strings.HasPrefix(text, " ") && strings.HasSuffix(text, ".") && len(text) > 2 {
					texts[text[1:]] = true
				}
			case *ast.CallExpr: // usage(code, title, action), badCode(code, title, text, action) and the like
				made, ok := n.Fun.(*ast.Ident)
				if !ok || !slices.Contains([]string{"usage", "badCode", "unreachable", "damage"}, made.Name) {
					return true
				}
				for _, arg := range n.Args[1:] {
					if text, err := literal(arg); err == nil {
						texts[text] = true
					}
				}
			}
			return true
		})
	}
	return texts
}

// What the engine says on screen is translated as well. Only what it puts together as it goes stays English.
func TestEveryProblemIsTranslated(t *testing.T) {
	engine := engineTexts(t)
	for locale := range pluralForms {
		if locale == "en" {
			continue
		}
		texts := readTranslation(t, locale)
		for english := range engine {
			if texts[english][""] == "" {
				t.Errorf("%s lacks %q", locale, english)
			}
		}
	}
}

// wordsOfTheCode are the left column of the product's table.
func wordsOfTheCode() *regexp.Regexp {
	return regexp.MustCompile(`(?i)\b(node|daemon|pin|pinned|cid|snapshot|vault|repository|garbage|prune|mnemonic|seed|swarm|vps|nas|quota|drill|preflight|keyring|passphrase|epoch|api|rpc|ipfs|kubo|fatal|invalid)\b`)
}

// Words of the code never reach the screen.
func TestNoTextUsesAWordOfTheCode(t *testing.T) {
	forbidden := wordsOfTheCode()
	for key, use := range sourceKeys(t) {
		if word := forbidden.FindString(placeholder.ReplaceAllString(use.english, "")); word != "" {
			t.Errorf("%v: %q says %q", use.at, key, word)
		}
	}
	for locale := range pluralForms {
		for key, forms := range readTranslation(t, locale) {
			for _, text := range forms {
				if word := forbidden.FindString(placeholder.ReplaceAllString(text, "")); word != "" {
					t.Errorf("%s: %q says %q", locale, key, word)
				}
			}
		}
	}
}

func TestTimesAndAmountsAreSaidInTheLanguageOfTheSystem(t *testing.T) {
	now := morning
	for language, want := range map[string][]string{
		"en": {
			"just now", "1 minute ago", "4 minutes ago", "3 hours ago", "yesterday at 20:00", "2 days ago", "Friday, 20 November", "31 Oct",
			"0 bytes", "1 byte", "999 bytes", "1.0 kB", "96.4 GB", "131 GB", "1.0 TB", "-1,204", "31,022,114", "1 file",
		},
		"de": {
			"gerade eben", "vor 1 Minute", "vor 4 Minuten", "vor 3 Stunden", "gestern um 20:00", "vor 2 Tagen", "Freitag, 20. November", "31. Okt.",
			"0 Byte", "1 Byte", "999 Byte", "1,0 kB", "96,4 GB", "131 GB", "1,0 TB", "-1.204", "31.022.114", "1 Datei",
		},
		"es": {
			"ahora mismo", "hace 1 minuto", "hace 4 minutos", "hace 3 horas", "ayer a las 20:00", "hace 2 días", "viernes, 20 de noviembre", "31 oct",
			"0 bytes", "1 byte", "999 bytes", "1,0 kB", "96,4 GB", "131 GB", "1,0 TB", "-1.204", "31.022.114", "1 archivo",
		},
		"fr": {
			"à l’instant", "il y a 1 minute", "il y a 4 minutes", "il y a 3 heures", "hier à 20:00", "il y a 2 jours", "vendredi 20 novembre", "31 oct.",
			"0 octet", "1 octet", "999 octets", "1,0 ko", "96,4 Go", "131 Go", "1,0 To", "-1\u202f204", "31\u202f022\u202f114", "1 fichier",
		},
		"ja": {
			"たった今", "1分前", "4分前", "3時間前", "昨日 20:00", "2日前", "11月20日（金曜日）", "10月31日",
			"0バイト", "1バイト", "999バイト", "1.0 kB", "96.4 GB", "131 GB", "1.0 TB", "-1,204", "31,022,114", "1個のファイル",
		},
	} {
		speak(t, language)
		got := []string{
			ago(now, now), ago(now.Add(-time.Minute), now), ago(now.Add(-4*time.Minute), now), ago(now.Add(-3*time.Hour), now),
			ago(now.Add(-13*time.Hour-41*time.Minute), now), ago(now.AddDate(0, 0, -2), now), longDate(now), date(time.Date(2026, 10, 31, 0, 0, 0, 0, time.UTC)),
			size(0), size(1), size(999), size(1000), size(96_400_000_000), size(131_000_000_000), size(999_900_000_000), number(-1204), number(31_022_114), files(1),
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s: %q, want %q", language, got[i], want[i])
			}
		}
	}
}

// A million is a form of its own in Spanish and French, and must not fall back to English.
func TestEveryCountHasAForm(t *testing.T) {
	for language, word := range map[string]string{"es": "archivo", "fr": "fichier", "ja": "個のファイル"} {
		speak(t, language)
		for _, n := range []int64{0, 1, 2, 1_000_000, 3_000_000} {
			if got := files(n); !strings.Contains(got, word) || n < 1000 && !strings.HasPrefix(got, number(n)) {
				t.Errorf("%s: %d is said as %q", language, n, got)
			}
		}
	}
}

// French sets a space before : ; ! ? and within « », at which no line may break, and has no straight apostrophe.
func TestFrenchIsSetAsFrenchIs(t *testing.T) {
	loose := regexp.MustCompile(`[ \pL\d}][:;!?»](\s|$)|«[^\x{a0}]|'|\.\.\.`)
	for key, forms := range readTranslation(t, "fr") {
		for _, text := range forms {
			if at := loose.FindString(text); at != "" {
				t.Errorf("%q is %q, where %q is not French", key, text, at)
			}
		}
	}
}

// Japanese has marks of its own, and no space after them.
func TestJapaneseIsSetAsJapaneseIs(t *testing.T) {
	loose := regexp.MustCompile(`[\p{Han}\p{Hiragana}\p{Katakana}ー][,.:;!?()]|[、。：！？（）「」] |"`)
	for key, forms := range readTranslation(t, "ja") {
		for _, text := range forms {
			if at := loose.FindString(text); at != "" {
				t.Errorf("%q is %q, where %q is not Japanese", key, text, at)
			}
		}
	}
}

// The engine sets sentences beside each other; each is translated, and what it quotes stays as it is.
func TestSentencesOfTheEngineAreTranslatedOneByOne(t *testing.T) {
	speak(t, "de")
	for english, want := range map[string]string{
		"Nothing was changed.": "Nichts wurde verändert.",
		"It does not pass its checks, and was not used. The next backup sends what this computer still has again.": "Er besteht seine Prüfung nicht und wurde nicht verwendet. " +
			"Die nächste Sicherung sendet noch einmal, was dieser Computer noch hat.",
		"/home/ana/a. b is no folder. Nothing was changed.": "/home/ana/a. b is no folder. Nothing was changed.",
	} {
		if got := translated(english); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// What the engine or a person wrote is text, also when it looks like a template.
func TestNamesAreNeverReadAsTemplates(t *testing.T) {
	speak(t, "de")
	for _, text := range []string{"{{.Secret}}", "a {{ b", "plain"} {
		if got := translated(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}
