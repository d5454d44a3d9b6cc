-- Asks Latchkey about a request (HAProxy 2.5 or later): `http-request lua.latchkey ADDRESS`, where ADDRESS is that of a
-- listener for proxies of the family "forward", as HAProxy writes addresses: unix@/run/latchkey/verify.sock.
--
-- If the request is admitted, txn.latchkey_admitted is true, the identity is in txn.latchkey_user, _groups, _name and
-- _email, and Latchkey's token is taken out of Cookie, Authorization and X-Auth-Token. If it is refused, the client gets
-- Latchkey's answer. If there is none, or if this script fails, nothing is set: the rule that must follow closes.
--
--   http-request deny deny_status 503 unless { var(txn.latchkey_admitted) -m bool }

local ANSWER_LIMIT_MS = 5000

-- The cookie of a sign-in. If the setting cookie_name is not the default, its name belongs here.
local COOKIE_NAMES = { ["latchkey"] = true, ["__Host-latchkey"] = true }

-- Latchkey reads this name too, of older clients. An application may have a cookie of the name, with other values.
local OLD_COOKIE_NAME = "token"

-- What Latchkey reads of a client's request. All else stays here, so a long head costs the question nothing.
local ASKED = {
  "authorization", "x-auth-token", "cookie", "user-agent", "accept", "origin", "access-control-request-method",
  "sec-fetch-mode", "sec-fetch-dest", "sec-fetch-site", "x-requested-with",
}

-- What a client gets of Latchkey's answer if it is refused.
local TOLD = { "location", "www-authenticate", "content-type", "cache-control", "retry-after", "x-auth-reason",
  "content-security-policy", "x-content-type-options", "referrer-policy", "vary" }

-- HAProxy counts the lines of a field from 0, the client from 1.
local function lines_of(field)
  local lines = {}
  if field then
    for i = 0, #field do
      if field[i] ~= nil then lines[#lines + 1] = field[i] end
    end
  end
  return lines
end

-- Before HAProxy 3.1 a boolean is a number here.
local function is_tls(txn)
  local answer = txn.f:ssl_fc()
  return answer == true or answer == 1
end

local function question_of(txn, fields)
  local headers = {}
  for _, name in ipairs(ASKED) do
    local lines = lines_of(fields[name])
    if #lines > 0 then headers[name] = lines end
  end
  -- A client without an agent stays one: HAProxy would send its own name.
  if not headers["user-agent"] then headers["user-agent"] = { "" } end
  headers["x-forwarded-method"] = { txn.sf:method() }
  headers["x-forwarded-proto"] = { is_tls(txn) and "https" or "http" }
  -- The whole field: req_hdr() would cut it at commas.
  headers["x-forwarded-host"] = { txn.sf:req_fhdr("host") }
  headers["x-forwarded-uri"] = { txn.sf:pathq() }
  headers["x-forwarded-for"] = { txn.sf:src() }
  return headers
end

local function is_ours(name, value)
  if COOKIE_NAMES[name] then return true end
  local plain = value:gsub("%%(%x%x)", function(code) return string.char(tonumber(code, 16)) end)
  local digits = plain:match('^"?(%x+)"?$')
  return name == OLD_COOKIE_NAME and digits ~= nil and #digits == 40
end

local function without_token(line)
  local kept = {}
  for cookie in line:gmatch("[^;]+") do
    local name, value = cookie:match("^%s*([^=]-)%s*=%s*(.-)%s*$")
    if not name or not is_ours(name, value) then kept[#kept + 1] = cookie:match("^%s*(.-)%s*$") end
  end
  return table.concat(kept, "; ")
end

local function is_token(line)
  local scheme, word = line:match("^%s*(%a+)%s+(%x+)%s*$")
  if not scheme then return false end
  scheme = scheme:lower()
  return (scheme == "token" or scheme == "bearer") and #word == 40
end

local function take_out_token(txn, fields)
  txn.http:req_del_header("x-auth-token")
  for _, line in ipairs(lines_of(fields["authorization"])) do
    if is_token(line) then txn.http:req_del_header("authorization") end
  end
  local kept = {}
  for _, line in ipairs(lines_of(fields["cookie"])) do
    local rest = without_token(line)
    if rest ~= "" then kept[#kept + 1] = rest end
  end
  txn.http:req_del_header("cookie")
  if #kept > 0 then txn.http:req_add_header("cookie", table.concat(kept, "; ")) end
end

local function refuse(txn, answer)
  local reply = txn:reply({ status = answer.status })
  for _, name in ipairs(TOLD) do
    for _, line in ipairs(lines_of(answer.headers[name])) do reply:add_header(name, line) end
  end
  if txn.sf:method() ~= "HEAD" then reply:set_body(answer.body or "") end
  txn:done(reply)
end

local function latchkey(txn, address)
  local fields = txn.http:req_get_headers()
  local answer = core.httpclient():get({
    url = "http://latchkey/", dst = address, headers = question_of(txn, fields), timeout = ANSWER_LIMIT_MS,
  })
  -- No answer at all has status 0, or is one that HAProxy made itself: the next rule closes.
  if not answer or not answer.status or answer.status < 200 then return end
  if answer.status ~= 200 then
    if answer.status < 500 then refuse(txn, answer) end
    return
  end
  local function first(name) return lines_of(answer.headers[name])[1] or "" end
  take_out_token(txn, fields)
  txn:set_var("txn.latchkey_user", first("remote-user"))
  txn:set_var("txn.latchkey_groups", first("remote-groups"))
  txn:set_var("txn.latchkey_name", first("remote-name"))
  txn:set_var("txn.latchkey_email", first("remote-email"))
  txn:set_var("txn.latchkey_admitted", true)
end

core.register_action("latchkey", { "http-req" }, latchkey, 1)
