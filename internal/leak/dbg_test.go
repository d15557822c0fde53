package leak
import ("testing";"bioincident/internal/testkit")
func TestDbg(t *testing.T) {
	total := 0
	for _, g := range groups() {
		m := write(t, testkit.SQLite(t), g)
		a := newAsker(t, m, g)
		n := map[string]int{}
		for place, who := range observers(g) {
			for _, x := range append(a.reads(), a.writes()...) { if x.asks(who, place) { n[x.op.ID]++; total++ } }
		}
		t.Log(g, n)
	}
	t.Log(total)
}
