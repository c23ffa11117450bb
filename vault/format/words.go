package format

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// WordCount is how many recovery words hold the 256 bits of entropy and their 8 checksum bits, 11 bits each.
const WordCount = 24

const (
	wordBits        = 11 // each word is an index into 2048
	wordPrefix      = 4  // letters that name a word of the list without doubt
	wordShown       = 8  // letters of the longest listed word, and of what an error repeats of an overlong one
	wordTypo        = 2  // edits beyond which a listed word is a guess rather than a suggestion
	wordSuggestions = 3
)

//go:embed wordlist_english.txt
var wordFile string

// wordList is BIP-39's English list: 2048 words of 3 to 8 letters, sorted, no two alike in their first four letters.
var wordList = strings.Fields(wordFile)

// ErrWordsChecksum: every word is in the list, but the checksum says that they were not written down together.
var ErrWordsChecksum = errors.New(
	"these are 24 known words, but not a set that belongs together: one may be wrong or two swapped",
)

// WordError names one word that is not in the list.
//
// It is the one error that carries a piece of the secret. The person has to see which of their words is wrong, and one
// word that is not even in the list gives away 11 bits of 256 at most, so it may be shown on their own screen. It must
// not be logged. No error carries more: an overlong Word, which may be several words run together, is cut.
type WordError struct {
	Index       int      // counted from 1, as on the recovery sheet
	Word        string   // lower case; ends in "…" when it was cut
	Suggestions []string // the nearest listed words, at most three; empty when none is near
}

// Error is a sentence for the person's screen; it shows the suggestions, not the word.
func (e *WordError) Error() string {
	switch n := len(e.Suggestions); n {
	case 0:
		return fmt.Sprintf("word %d isn't in the list", e.Index)
	case 1:
		return fmt.Sprintf("word %d isn't in the list. Did you mean %s?", e.Index, e.Suggestions[0])
	default:
		return fmt.Sprintf("word %d isn't in the list. Did you mean %s or %s?", e.Index,
			strings.Join(e.Suggestions[:n-1], ", "), e.Suggestions[n-1])
	}
}

// WordCountError says that all words are known, but there are not 24 of them.
type WordCountError struct {
	Got int
}

func (e *WordCountError) Error() string {
	return fmt.Sprintf("it takes %d words, and these are %d", WordCount, e.Got)
}

// WordList returns the 2048 words, in order.
func WordList() []string { return slices.Clone(wordList) }

// WordsFromEntropy returns the 24 recovery words of e: BIP-39 English, with the checksum in the last word.
func WordsFromEntropy(e [32]byte) []string {
	sum := sha256.Sum256(e[:])
	bits := append(e[:], sum[0])
	words := make([]string, WordCount)
	for i := range words {
		words[i] = wordList[wordIndexAt(bits, i)]
	}
	return words
}

// EntropyFromWords reads 24 recovery words as people write them: in capitals, over several lines, numbered, with commas,
// in full-width letters, or cut to four letters or more. It returns a *WordError for the first unknown word, a
// *WordCountError, or ErrWordsChecksum. A wrong word passes the checksum about once in 256 times: nil means that these
// words belong together, not that they are the words of some vault.
func EntropyFromWords(text string) ([32]byte, error) {
	var bits [WordCount * wordBits / 8]byte
	count := 0
	for token := range strings.FieldsFuncSeq(wordFold(text), wordSeparates) {
		word := strings.TrimLeftFunc(token, unicode.IsDigit) // "7abandon"; a bare number counts the words
		if word == "" {
			continue
		}
		index, known := wordIndex(word)
		if !known {
			return [32]byte{}, wordUnknown(count+1, token)
		}
		if count < WordCount {
			wordPutAt(bits[:], count, index)
		}
		count++
	}
	if count != WordCount {
		return [32]byte{}, &WordCountError{Got: count}
	}
	entropy := [32]byte(bits[:32])
	if sum := sha256.Sum256(entropy[:]); sum[0] != bits[32] {
		return [32]byte{}, ErrWordsChecksum
	}
	return entropy, nil
}

// WordSuggest returns at most limit listed words that begin with prefix, in the list's order, for completing a word while
// it is typed. Capitals and surrounding white space are forgiven; an empty prefix suggests nothing.
func WordSuggest(prefix string, limit int) []string {
	prefix = strings.TrimSpace(wordFold(prefix))
	if prefix == "" || limit <= 0 {
		return nil
	}
	start, _ := slices.BinarySearch(wordList, prefix)
	end := start
	for end < len(wordList) && end-start < limit && strings.HasPrefix(wordList[end], prefix) {
		end++
	}
	return slices.Clone(wordList[start:end])
}

// Fingerprint renders the first 44 bits of b, a hash or a public key of at least 6 bytes, as four words joined by "-",
// for two people or two screens to compare. It is no secret and has no checksum.
func Fingerprint(b []byte) string {
	words := make([]string, 4)
	for i := range words {
		words[i] = wordList[wordIndexAt(b[:6], i)]
	}
	return strings.Join(words, "-")
}

// wordIndexAt returns the i-th group of 11 bits, most significant bit first.
func wordIndexAt(bits []byte, i int) int {
	index := 0
	for bit := i * wordBits; bit < (i+1)*wordBits; bit++ {
		index = index<<1 | int(bits[bit/8]>>(7-bit%8)&1)
	}
	return index
}

// wordPutAt writes index as the i-th group of 11 bits into bits, which are still zero there.
func wordPutAt(bits []byte, i, index int) {
	for n := range wordBits {
		bit := i*wordBits + n
		bits[bit/8] |= byte(index>>(wordBits-1-n)&1) << (7 - bit%8)
	}
}

// wordFold undoes what keyboards, copying and printing do to plain letters. Decomposing (NFKD, as BIP-39 asks) comes
// first, because it makes capitals of some symbols.
func wordFold(text string) string { return strings.ToLower(norm.NFKD.String(text)) }

// wordSeparates is true between words: for space, punctuation, bullets and invisible marks. Accents stay with their
// letter, so that the word they are in is named whole when it is unknown.
func wordSeparates(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
}

// wordIndex looks up a folded word, or the beginning of one that is long enough to mean no other.
func wordIndex(word string) (index int, known bool) {
	index, known = slices.BinarySearch(wordList, word)
	if known {
		return index, true
	}
	if len(word) < wordPrefix || index == len(wordList) || !strings.HasPrefix(wordList[index], word) {
		return 0, false
	}
	return index, true
}

// wordUnknown describes the word at position index, counted from 1, with the nearest listed words. Equally near ones
// are in the list's order.
func wordUnknown(index int, word string) *WordError {
	letters := []rune(word)
	if len(letters) > wordShown+wordTypo { // too long for a typing error: not even near a listed word
		return &WordError{Index: index, Word: string(letters[:wordShown]) + "…"}
	}
	type near struct {
		word  string
		edits int
	}
	var found []near
	for _, listed := range wordList {
		if edits := wordEdits(letters, listed); edits <= wordTypo {
			found = append(found, near{listed, edits})
		}
	}
	slices.SortStableFunc(found, func(a, b near) int { return cmp.Compare(a.edits, b.edits) })
	e := &WordError{Index: index, Word: word}
	for _, n := range found {
		// A word one edit away makes those two edits away noise.
		if n.edits > found[0].edits || len(e.Suggestions) == wordSuggestions {
			break
		}
		e.Suggestions = append(e.Suggestions, n.word)
	}
	return e
}

// wordEdits is the Damerau-Levenshtein distance (optimal string alignment): how many letters were added, left out,
// changed or swapped with their neighbour between a and b. b is ASCII.
func wordEdits(a []rune, b string) int {
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		above[j] = j
	}
	for i := range a {
		row[0] = i + 1
		for j := range len(b) {
			changed := above[j]
			if a[i] != rune(b[j]) {
				changed++
			}
			row[j+1] = min(changed, above[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == rune(b[j-1]) && a[i-1] == rune(b[j]) {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, above, row = above, row, before
	}
	return above[len(b)]
}
