# shellcheck shell=sh
# Sourced by the tests with a browser: chromium, of the Debian package of that name, which is not needed for anything else.
if ! command -v chromium >/dev/null 2>&1; then
	echo "# skipped: no chromium (apt-get install chromium)"
	exit 77
fi

# browser_page FILE: a page of some 200 KB, whose script counts the words that have come and writes that down.
browser_page()
{
	{
		echo '<!DOCTYPE html><html><head><title>ixlab</title></head><body><p id="text">'
		seq 1 40000
		echo '</p><p id="count"></p><script>'
		echo 'var words = document.getElementById("text").textContent.trim().split(/\s+/);'
		echo 'document.getElementById("count").textContent = words.length + " words to " + words[words.length - 1];'
		echo '</script></body></html>'
	} >"$1"
}

# browse PROFILE URL [COMMAND...]: fetches the page with a new profile, COMMAND before the browser's name, and prints the
# document as it is after its script has run; 0 if that found all words.
browse()
{
	profile=$1
	url=$2
	shift 2
	timeout 60 "$@" chromium --headless --no-sandbox --disable-gpu --disable-quic --disable-dev-shm-usage --no-first-run \
		--no-proxy-server --disable-background-networking --disable-component-update --disable-sync \
		--user-data-dir="$profile" --dump-dom "$url" >"$profile.dom" 2>"$profile.log"
	grep -qx '</p><p id="count">40000 words to 40000</p><script>' "$profile.dom"
}
