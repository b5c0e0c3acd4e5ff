-- wrk -s post.lua URL -- FILE: the file's bytes as the body of each request.
local file = nil

function init(args)
    file = io.open(args[1], "rb")
    wrk.method = "POST"
    wrk.body = file:read("*a")
    wrk.headers["Content-Type"] = "image/jpeg"
    file:close()
end
