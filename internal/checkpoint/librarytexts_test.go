package checkpoint

import (
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// samples are plain sentences in the scripts of many languages.
var samples = []string{
	"The quick engineer didn't re-check the 12 results, so we've measured them again (twice!) for £3.50 each.",
	"Über die naïve Idee, daß Größe zählt, ließe sich streiten – sagt der Café-Besitzer aus Łódź, señor Ñandú.",
	"Tiếng Việt có nhiều dấu: ậ, ễ, ở, ữ và đường phố rất đông người qua lại mỗi ngày.",
	"İstanbul'da ılık bir gün; ŞİŞLİ'de çay içtik. Çok güzeldi, değil mi?",
	"Привет, мир! Сколько стоит билет до Санкт-Петербурга в 2024 году? Ёлка и йогурт.",
	"Η γρήγορη αλεπού πηδά πάνω από τον τεμπέλη σκύλο· ΣΟΦΟΣ και σοφός.",
	"مرحبا بالعالم، كم عدد السكان في المدينة؟ اللُّغَةُ العَرَبِيَّةُ جميلة ٣٤٥.",
	"שלום עולם, כמה זה עולה? עִבְרִית עם ניקוד ועוד ״מרכאות״.",
	"हिन्दी में लिखा हुआ एक वाक्य, जिसमें क्ष, त्र और ज्ञ जैसे संयुक्ताक्षर हैं। क़लम १२३",
	"বাংলা ভাষায় একটি বাক্য, যেখানে যুক্তাক্ষর আছে: ক্ষুদ্র, জ্ঞান।",
	"தமிழில் ஒரு வாக்கியம்; எத்தனை எழுத்துகள் உள்ளன? ௧௨௩",
	"తెలుగులో ఒక వాక్యం మరియు కొన్ని అక్షరాలు.",
	"ภาษาไทยไม่มีช่องว่างระหว่างคำ ำนํ้าแข็ง ๑๒๓ บาท",
	"ភាសាខ្មែរ និង អក្សរខ្មែរ ១២៣។",
	"မြန်မာဘာသာစကား ဖြင့် ရေးထားသော စာကြောင်း။",
	"日本語の文章です。カタカナ、ひらがな、漢字が混ざっています。ﾊﾝｶｸ １２３ＡＢＣ ㌔㍍",
	"中文句子，没有空格。這是繁體字。價格是￥100元，对吗？",
	"한국어 문장입니다. 띄어쓰기가 있고, 받침도 있어요. 각난닫 \u1112\u1161\u11ab\u1100\u1173\u11af",
	"ქართული ენა და მისი დამწერლობა; საქართველო.",
	"Հայերեն լեզու և նրա այբուբենը։",
	"አማርኛ ቋንቋ ነው። ዓረፍተ ነገር፤",
	"සිංහල භාෂාව සහ එහි අක්ෂර ක්\u200dර.",
	"ພາສາລາວ ແລະ ຕົວອັກສອນ ໑໒໓",
	"ಕನ್ನಡ ಭಾಷೆ ಮತ್ತು ಅದರ ಲಿಪಿ; മലയാളം ഭാഷയും ലിപിയും.",
	"ਪੰਜਾਬੀ ਭਾਸ਼ਾ; ગુજરાતી ભાષા; ଓଡ଼ିଆ ଭାଷା।",
	"Монгол хэл ᠮᠣᠩᠭᠣᠯ; བོད་སྐད་ཀྱི་ཡི་གེ།",
	"for (int i = 0; i < n; i++) {\n\tx[i] += y_1 * 0x1F; // TODO: check\r\n}\n\n\n   return x;",
	"👩‍👩‍👧‍👦 🇩🇪🇫🇷🇺 👍🏽 ❤️‍🔥 ☺️ ©️ #️⃣ and ½ ⅔ ™ ﬁ ﬂ Ⅷ ① ² x² ℡ …",
	"e\u0301e\u0301 a\u0323\u0302 o\u0302\u0323 n\u0303 \u0301alone q\u0307\u0323 \u212b \u2126 \u1e9b\u0323",
	"<s> </s> <pad> <mask> <unk> [CLS] [SEP] [MASK] [PAD] [UNK] <|endoftext|> <|im_start|>user\n<think> <extra_id_3> |||IP_ADDRESS|||",
	"I'm you're HE'LL they'Ve it'S 'tis o'clock rock'n'roll we'd've 'ſ 'ſt ''s ' s",
}

// textMaker makes texts that reach the corners of tokenizers, from a seed.
type textMaker struct {
	*rand.Rand
	words []string
}

func newTextMaker(seed uint64) *textMaker {
	m := &textMaker{Rand: rand.New(rand.NewPCG(seed, 1))}
	for _, s := range samples {
		m.words = append(m.words, strings.Fields(s)...)
	}
	return m
}

var spaces = []string{" ", " ", " ", " ", "  ", "   ", "\t", "\n", "\r\n", "\n\n", " \n ", "\u00a0", "\u3000", "\u2009", "\u200b", "\u2581",
	"\u0085", "\u000b", "\u000c", "\u2028", "\u1680", "\ufeff", "", "", ""}

// make makes one text.
func (m *textMaker) make() string {
	switch m.IntN(12) {
	case 0, 1:
		return m.sample()
	case 2, 3, 4:
		return m.phrase()
	case 5, 6:
		return m.characters(1+m.IntN(30), m.anyRune)
	case 7:
		return m.characters(1+m.IntN(40), m.closeRune)
	case 8:
		return m.characters(1+m.IntN(12), m.mark)
	case 9:
		return m.bytes()
	case 10:
		return m.repeated()
	}
	return m.edited()
}

// sample is a part of a sample, which may begin or end inside a word.
func (m *textMaker) sample() string {
	runes := []rune(samples[m.IntN(len(samples))])
	from := m.IntN(len(runes))
	if m.IntN(2) == 0 {
		from = 0
	}
	return string(runes[from : from+m.IntN(len(runes)-from)+1])
}

func (m *textMaker) phrase() string {
	var b strings.Builder
	for range 1 + m.IntN(12) {
		word := m.words[m.IntN(len(m.words))]
		switch m.IntN(8) {
		case 0:
			word = strings.ToUpper(word)
		case 1:
			word = strings.ToLower(word)
		}
		b.WriteString(word)
		b.WriteString(spaces[m.IntN(len(spaces))])
	}
	return b.String()
}

func (m *textMaker) characters(n int, next func() rune) string {
	var b strings.Builder
	for range n {
		b.WriteRune(next())
		if m.IntN(6) == 0 {
			b.WriteString(spaces[m.IntN(len(spaces))])
		}
	}
	return b.String()
}

// anyRune is any character, the planes that are in use more often.
func (m *textMaker) anyRune() rune {
	limits := []int{0x80, 0x250, 0x800, 0x3000, 0x10000, 0x20000, 0x110000}
	for {
		r := rune(m.IntN(limits[m.IntN(len(limits))]))
		if utf8.ValidRune(r) {
			return r
		}
	}
}

// closeRune is a character of the samples, or one beside it.
func (m *textMaker) closeRune() rune {
	r, _ := utf8.DecodeRuneInString(m.words[m.IntN(len(m.words))])
	if m.IntN(3) == 0 {
		r += rune(m.IntN(32)) - 16
	}
	if !utf8.ValidRune(r) {
		return 'x'
	}
	return r
}

var marks = func() (list []rune) {
	for _, r16 := range unicode.M.R16 {
		for r := rune(r16.Lo); r <= rune(r16.Hi); r += rune(r16.Stride) {
			list = append(list, r)
		}
	}
	return append(list, 0x200d, 0x200c, 0x1f3fb, 0xfe0f)
}()

// mark is a combining mark, or a letter that has one.
func (m *textMaker) mark() rune {
	if m.IntN(3) == 0 {
		return []rune("aeoAcqX©2\u0915\u1100\uac00\u1161\u0627")[m.IntN(14)]
	}
	if m.IntN(2) == 0 {
		return 0x300 + rune(m.IntN(0x70))
	}
	return marks[m.IntN(len(marks))]
}

func (m *textMaker) bytes() string {
	b := make([]byte, 1+m.IntN(40))
	for i := range b {
		b[i] = byte(m.Uint32())
	}
	return string(b)
}

// repeated is something short many times.
func (m *textMaker) repeated() string {
	part := m.words[m.IntN(len(m.words))]
	if m.IntN(2) == 0 {
		part = string(m.anyRune())
	}
	if m.IntN(3) == 0 {
		part += spaces[m.IntN(len(spaces))]
	}
	n := 1 + m.IntN(40)
	if m.IntN(20) == 0 {
		n = 200 + m.IntN(800)
	}
	return strings.Repeat(part, n)
}

// edited is a sample with characters put in, taken away and doubled.
func (m *textMaker) edited() string {
	runes := []rune(m.sample())
	for range 1 + m.IntN(5) {
		i := m.IntN(len(runes) + 1)
		switch {
		case m.IntN(2) == 0:
			runes = slices.Insert(runes, i, m.anyRune())
		case i < len(runes) && m.IntN(2) == 0:
			runes = slices.Delete(runes, i, i+1)
		default:
			runes = slices.Insert(runes, i, []rune(spaces[m.IntN(len(spaces))])...)
		}
	}
	return string(runes)
}

// valid is text as the library gets it: each invalid byte is U+FFFD.
func valid(text string) string { return string([]rune(text)) }
