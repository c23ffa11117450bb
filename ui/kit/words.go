package kit

import (
	"slices"
	"sort"
	"strings"

	"fyne.io/fyne/v2"
)

// WordField takes one word of a fixed list, such as a recovery word. While a word is begun, those that it
// may become stand below. Space and Enter take the only one left, or the first shown when Down was
// pressed; then Done is called. Several words pasted at once go to Words.
type WordField struct {
	*Field
	Done  func()                          // the word is in the list; nil is allowed
	Words func(words []string)            // two words or more were pasted; nil is allowed
	Wrong func(typed, near string) string // what to say of a word that is not in the list

	list   []string
	chosen int // which of the suggestions Down went to; -1 for none
}

// suggestions is how many words a person reads through at most.
const suggestions = 4

// NewWordField makes an empty field over a list in alphabetical order.
func NewWordField(label string, list []string) *WordField {
	f := &WordField{Field: NewField(label, "", ""), list: list, chosen: -1}
	f.OnTyped = f.typed
	f.OnEnter = func() { f.take() }
	f.entry.keys = f.key
	f.entry.left = f.Check
	return f
}

// Word is the word typed, if it is one of the list.
func (f *WordField) Word() (word string, known bool) {
	word = strings.ToLower(strings.TrimSpace(f.Text()))
	_, known = slices.BinarySearch(f.list, word)
	return word, known
}

func (f *WordField) typed(text string) {
	f.chosen = -1
	if words := strings.Fields(text); len(words) > 1 {
		if f.Words != nil {
			f.Words(words)
		}
		return
	}
	if strings.HasSuffix(text, " ") {
		f.take()
		return
	}
	f.suggest()
}

// suggest shows what the word may become.
func (f *WordField) suggest() {
	word, known := f.Word()
	if begun := beginning(f.list, word, suggestions); word != "" && !known {
		if f.chosen >= 0 && f.chosen < len(begun) {
			begun[f.chosen] = "[" + begun[f.chosen] + "]"
		}
		f.setBelow(strings.Join(begun, " · "), ColourMuted)
		return
	}
	f.setBelow("", ColourMuted)
}

func (f *WordField) key(key *fyne.KeyEvent) (done bool) {
	word, known := f.Word()
	begun := beginning(f.list, word, suggestions)
	if known || word == "" || len(begun) == 0 {
		return false
	}
	switch key.Name {
	case fyne.KeyDown:
		f.chosen = min(f.chosen+1, len(begun)-1)
	case fyne.KeyUp:
		f.chosen = max(f.chosen-1, -1)
	default:
		return false
	}
	f.suggest()
	return true
}

// take completes the word where there is no doubt.
func (f *WordField) take() {
	word, known := f.Word()
	begun := beginning(f.list, word, suggestions)
	switch {
	case word == "":
		f.SetText("")
		return
	case known:
	case f.chosen >= 0 && f.chosen < len(begun):
		word = begun[f.chosen]
	case len(begun) == 1:
		word = begun[0]
	default:
		f.SetText(word)
		f.Check()
		return
	}
	f.SetText(word)
	f.setBelow("", ColourMuted)
	if f.Done != nil {
		f.Done()
	}
}

// Check says what is wrong with the word, once the person is through with it.
func (f *WordField) Check() {
	word, known := f.Word()
	if known || word == "" {
		f.SetError("")
		return
	}
	if f.Wrong != nil {
		f.SetError(f.Wrong(word, nearest(f.list, word)))
	}
}

// beginning returns the words that begin with prefix, limit of them at most.
func beginning(list []string, prefix string, limit int) (found []string) {
	for i := sort.SearchStrings(list, prefix); i < len(list) && len(found) < limit; i++ {
		if !strings.HasPrefix(list[i], prefix) {
			break
		}
		found = append(found, list[i])
	}
	return found
}

// nearest is the word of the list that takes the fewest changed letters; "" when it would take more than two.
func nearest(list []string, word string) (near string) {
	best := 3
	for _, candidate := range list {
		if d := distance(word, candidate, best); d < best {
			best, near = d, candidate
		}
	}
	return near
}

// distance counts the letters to insert, drop, change or swap with their neighbour; limit is as good as more.
func distance(a, b string, limit int) int {
	if d := len(a) - len(b); d >= limit || -d >= limit {
		return limit
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			rows[i][j] = min(change, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
