package pattern

import (
	"regexp"
	"slices"
	"sync"
	"testing"
)

func TestAPatternIsItsExpression(t *testing.T) {
	const expression = `([a-z]+)-([0-9]{1,3})`
	lazy, eager := New(expression), regexp.MustCompile(expression)
	for _, s := range []string{"", "eu-1", "  eu-12 and us-3", "eu-", "-7", "EU-1", "a-1234"} {
		if lazy.MatchString(s) != eager.MatchString(s) || lazy.FindString(s) != eager.FindString(s) ||
			!slices.Equal(lazy.FindStringSubmatch(s), eager.FindStringSubmatch(s)) || lazy.ReplaceAllString(s, "$2/$1") != eager.ReplaceAllString(s, "$2/$1") {
			t.Errorf("%q is answered in another way", s)
		}
	}
}

func TestAPatternIsCompiledWhenItIsUsed(t *testing.T) {
	malformed := New("(")
	defer func() {
		if recover() == nil {
			t.Error("what is malformed was used")
		}
	}()
	malformed.MatchString("")
}

func TestManyMayUseAPatternAtOnce(t *testing.T) {
	p := New("^a+$")
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if !p.MatchString("aaa") || p.MatchString("b") {
				t.Error("wrong")
			}
		})
	}
	all.Wait()
}
