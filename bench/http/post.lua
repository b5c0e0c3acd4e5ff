-- wrk -s post.lua URL -- FILE [FILE]: the file's bytes as the body of each request; two files: a form's "source"
-- and "target".
local function read(path)
    local file = io.open(path, "rb")
    local bytes = file:read("*a")
    file:close()
    return bytes
end

function init(args)
    wrk.method = "POST"
    if not args[2] then
        wrk.body = read(args[1])
        wrk.headers["Content-Type"] = "image/jpeg"
        return
    end
    local edge, body = "kao-edge", ""
    for i, name in ipairs({ "source", "target" }) do
        body = body .. "--" .. edge .. '\r\nContent-Disposition: form-data; name="' .. name .. '"; filename="' .. name ..
            '.jpg"\r\nContent-Type: image/jpeg\r\n\r\n' .. read(args[i]) .. "\r\n"
    end
    wrk.body = body .. "--" .. edge .. "--\r\n"
    wrk.headers["Content-Type"] = "multipart/form-data; boundary=" .. edge
end
