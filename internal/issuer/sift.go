package issuer

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/MicahParks/jwkset"
	"github.com/fieldgate/fieldgate/auth/jws"
)

// sifted is a transport for the library that fetches keys: of a JWK Set it hands on the sound members alone. The library
// refuses a whole set for one that it cannot read, and then the keys that were taken away would stay good with the rest.
type sifted struct {
	next http.RoundTripper
	told func(faults error) // is told of the members of each set that are not sound: nil for none
}

func (s sifted) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := s.next.RoundTrip(r)
	if err != nil || answer.StatusCode != http.StatusOK {
		return answer, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	keys, faults, err := jws.ReadSet(text)
	if err != nil {
		return nil, err
	}
	set := jwkset.JWKSMarshal{Keys: []jwkset.JWKMarshal{}}
	for _, key := range keys {
		one, err := jwkset.NewJWKFromKey(key.Public, jwkset.JWKOptions{
			Metadata: jwkset.JWKMetadataOptions{KID: key.KeyID, ALG: jwkset.ALG(key.Algorithm)},
		})
		if err != nil {
			faults = append(faults, err)
			continue
		}
		set.Keys = append(set.Keys, one.Marshal())
	}
	s.told(errors.Join(faults...))
	if text, err = json.Marshal(set); err != nil {
		return nil, err
	}
	answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	return answer, nil
}
