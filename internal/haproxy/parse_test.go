package haproxy

import (
	"errors"
	"strings"
	"testing"
)

// What HAProxy 2.6.12 says to the questions, with the columns that are not read
// left out.
const answer = `
admin

Name: HAProxy
Pid: 1327
Start_time_sec: 1795636077

1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_state srv_port
3 b 1 blue-1 127.0.0.1 2 0 5 100 7 6 18081
3 b 2 green-1 ::1 0 5 100 100 1 14 18082

# pxname,svname,scur,stot,econ,eresp,bck,check_status,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,cookie,mode,algo,
b,blue-1,3,20,1,2,0,* L7OK,10,1,2,4,0,,http,,
b,green-1,0,9,0,0,1,L4CON,,,,,,s1,tcp,,
b,BACKEND,3,29,0,0,,,,,,,,,http,roundrobin,

`

func TestWhatHAProxySays(t *testing.T) {
	s, err := parse("No such server.\n\n" + answer[1:])
	if err != nil {
		t.Fatal(err)
	}
	if s.Level != "admin" || s.Process != "1327@1795636077" || s.Said != "No such server." || !strings.HasPrefix(s.State, "1\n# be_id") || !strings.HasSuffix(s.State, "18082\n") {
		t.Errorf("got %+v", s)
	}
	blue, green := s.Servers["b"][0], s.Servers["b"][1]
	if blue.Admin != Ready || !blue.Running || !blue.Checked || !blue.Passed || blue.Weight != 5 || blue.InitialWeight != 100 || blue.Sessions != 3 ||
		blue.Algorithm != "roundrobin" || blue.Cookie || blue.HostPort() != "127.0.0.1:18081" || blue.Counters != (Counters{HTTP: true, Total: 20, Bad: 7}) {
		t.Errorf("blue-1 is %+v", blue)
	}
	if green.Admin != Maint || green.Running || green.Passed || !green.Backup || !green.Cookie || green.HostPort() != "[::1]:18082" || green.Counters != (Counters{Total: 9}) {
		t.Errorf("green-1 is %+v", green)
	}
}

// Whatever else comes is an error and never an empty HAProxy.
func TestAnswersThatAreNone(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":       "\n",
		"a web page":    "HTTP/1.0 400 Bad request\r\n\r\n<html>",
		"cut short":     strings.TrimSuffix(answer, "\n"),
		"half":          answer[:len(answer)/2],
		"a lost column": strings.ReplaceAll(answer, "srv_uweight", "srv_weight"),
		"no number":     strings.Replace(answer, " 5 100 7", " x 100 7", 1),
		"statistics":    strings.Replace(answer, "* L7OK,10,", "* L7OK,ten,", 1),
		"ragged":        strings.Replace(answer, "b,blue-1,3,", "b,blue-1,", 1),
	} {
		if _, err := parse(text); !errors.Is(err, errForeign) && !errors.Is(err, ErrBroken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAdminStates(t *testing.T) {
	for bits, want := range map[int64]Admin{0: Ready, 0x04: Ready, 0x01: Maint, 0x05: Maint, 0x02: Maint, 0x20: Maint, 0x08: Drain, 0x10: Drain, 0x09: Maint} {
		if got := adminState(bits); got != want {
			t.Errorf("%#x is %s, want %s", bits, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(answer)
	f.Fuzz(func(_ *testing.T, text string) {
		_, _ = parse(text) // It must not panic.
	})
}
